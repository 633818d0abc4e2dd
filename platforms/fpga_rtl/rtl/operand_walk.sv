// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// Addresses of a tile's operands, one group of LANES states a cycle: heads, then channels, then chunks of a
// channel's states. The first comes the cycle after start; start may come with the last of the tile before.
module operand_walk #(
    parameter int CHUNKS = 8,
    parameter int X_STRIDE = 16
) (
    input  logic        clk,
    input  logic        rst,
    input  logic        start,
    input  logic [15:0] heads,
    input  logic [15:0] headdim,
    output logic        valid,
    output logic [31:0] head,
    output logic [31:0] x_address,
    output logic [31:0] h_address,
    output logic [31:0] chunk,
    output logic        last_chunk,
    output logic        last
);
    logic [15:0] heads_left, headdim_left, headdim_all;
    logic [31:0] x_row;
    assign last_chunk = chunk == CHUNKS - 1;
    assign last = valid && last_chunk && headdim_left == 1 && heads_left == 1;
    always_ff @(posedge clk) begin
        if (rst) valid <= 1'b0;
        else if (start) begin
            valid <= 1'b1;
            heads_left <= heads;
            headdim_left <= headdim;
            headdim_all <= headdim;
            head <= 0;
            x_row <= 0;
            x_address <= 0;
            h_address <= 0;
            chunk <= 0;
        end else if (valid) begin
            h_address <= h_address + 1;
            chunk <= last_chunk ? 0 : chunk + 1;
            if (last_chunk && headdim_left != 1) begin
                headdim_left <= headdim_left - 1;
                x_address <= x_address + 1;
            end else if (last_chunk) begin
                headdim_left <= headdim_all;
                heads_left <= heads_left - 1;
                head <= head + 1;
                x_row <= x_row + X_STRIDE;
                x_address <= x_row + X_STRIDE;
                if (heads_left == 1) valid <= 1'b0;
            end
        end
    end
endmodule
