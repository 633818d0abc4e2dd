// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// The sum of N values (a power of two) by a tree of neighbours: (0+1)+(2+3) and so on. A new row every cycle, its
// sum ADD*log2(N) cycles later.
module accumulator #(
    parameter int N = 128,
    parameter int ADD = 11
) (
    input  logic            clk,
    input  logic            rst,
    input  logic            valid,
    input  logic [16*N-1:0] values,
    output logic            sum_valid,
    output logic [15:0]     sum
);
    localparam int LEVELS = $clog2(N);
    logic [16*(2*N-1)-1:0] nodes;  // a level after the other, the root last
    assign nodes[16*N-1:0] = values;
    for (genvar level = 0; level < LEVELS; level++) begin : g_level
        localparam int FROM = 2 * N - (2 * N >> level);
        localparam int TO = 2 * N - (N >> level);
        localparam int PAIRS = (N >> level) / 2;
        logic [16*PAIRS-1:0] even, odd;
        always_comb
            for (int i = 0; i < PAIRS; i++) begin
                even[16*i+:16] = nodes[16*(FROM+2*i)+:16];
                odd[16*i+:16] = nodes[16*(FROM+2*i+1)+:16];
            end
        fp16_add #(.LANES(PAIRS), .LATENCY(ADD)) add (.clk, .a(even), .b(odd), .y(nodes[16*TO+:16*PAIRS]));
    end
    assign sum = nodes[16*(2*N-2)+:16];
    delay_valid #(.DEPTH(ADD*LEVELS)) delay_sum_valid (.clk, .rst, .d(valid), .q(sum_valid));
endmodule
