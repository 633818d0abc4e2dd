// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// Multipliers and adders side by side: for tests of the arithmetic, and to see what one costs.
module fp16_lanes #(
    parameter int LANES = 32,
    parameter int MUL = 6,
    parameter int ADD = 11
) (
    input  logic                clk,
    input  logic [16*LANES-1:0] a,
    input  logic [16*LANES-1:0] b,
    output logic [16*LANES-1:0] product,
    output logic [16*LANES-1:0] sum
);
    fp16_mul #(.LANES(LANES), .LATENCY(MUL)) mul (.clk, .a, .b, .y(product));
    fp16_add #(.LANES(LANES), .LATENCY(ADD)) add (.clk, .a, .b, .y(sum));
endmodule
