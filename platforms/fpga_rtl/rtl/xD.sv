// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// The skip path x*D, one channel a cycle.
module xD #(
    parameter int MUL = 6
) (
    input  logic        clk,
    input  logic        rst,
    input  logic        valid,
    input  logic [15:0] x,
    input  logic [15:0] D,
    output logic        product_valid,
    output logic [15:0] product
);
    fp16_mul #(.LATENCY(MUL)) multiply (.clk, .a(x), .b(D), .y(product));
    delay_valid #(.DEPTH(MUL)) delay_valid_flag (.clk, .rst, .d(valid), .q(product_valid));
endmodule
