// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// The address of a channel in a buffer whose heads lie STRIDE apart: 0 after start, moved on by each step.
module row_walk #(
    parameter int STRIDE = 16
) (
    input  logic        clk,
    input  logic        start,
    input  logic        step,
    input  logic [15:0] headdim,
    output logic [31:0] address
);
    logic [15:0] channel;
    logic [31:0] row;
    always_ff @(posedge clk) begin
        if (start) begin
            channel <= 0;
            row <= 0;
            address <= 0;
        end else if (step) begin
            if (channel + 1 == headdim) begin
                channel <= 0;
                row <= row + STRIDE;
                address <= row + STRIDE;
            end else begin
                channel <= channel + 1;
                address <= address + 1;
            end
        end
    end
endmodule
