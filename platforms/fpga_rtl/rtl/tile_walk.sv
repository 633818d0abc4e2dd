// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// Walks an array of heads x headdim in tiles, heads outermost; the last ones of each row and column may be
// smaller. After start, heads_here and headdim_here belong to the first tile; each advance moves on.
module tile_walk (
    input  logic        clk,
    input  logic        start,
    input  logic        advance,
    input  logic [15:0] heads,
    input  logic [15:0] headdim,
    input  logic [15:0] tile_heads,
    input  logic [15:0] tile_headdim,
    output logic [15:0] heads_here,
    output logic [15:0] headdim_here,
    output logic        last
);
    logic [15:0] heads_left, headdim_left;
    logic last_column, last_row;
    assign last_row = heads_left <= tile_heads;
    assign last_column = headdim_left <= tile_headdim;
    assign last = last_row && last_column;
    assign heads_here = last_row ? heads_left : tile_heads;
    assign headdim_here = last_column ? headdim_left : tile_headdim;
    always_ff @(posedge clk) begin
        if (start) begin
            heads_left <= heads;
            headdim_left <= headdim;
        end else if (advance) begin
            headdim_left <= last_column ? headdim : headdim_left - tile_headdim;
            if (last_column) heads_left <= heads_left - heads_here;
        end
    end
endmodule
