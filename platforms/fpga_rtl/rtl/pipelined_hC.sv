// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// h' = dt*x*B + dA*h and h'*C for LANES states of one channel a cycle, every operation rounded. h' comes
// MUL+MUL+ADD cycles after its operands, hC MUL more.
module pipelined_hC #(
    parameter int LANES = 16,
    parameter int MUL = 6,
    parameter int ADD = 11
) (
    input  logic                clk,
    input  logic                rst,
    input  logic                valid,
    input  logic [15:0]         dt,
    input  logic [15:0]         dA,
    input  logic [15:0]         x,
    input  logic [16*LANES-1:0] h,
    input  logic [16*LANES-1:0] B,
    input  logic [16*LANES-1:0] C,
    output logic                h_next_valid,
    output logic [16*LANES-1:0] h_next,
    output logic                hC_valid,
    output logic [16*LANES-1:0] hC
);
    logic [15:0] dx, dA_then;
    logic [16*LANES-1:0] B_then, C_then, h_then;
    fp16_mul #(.LATENCY(MUL)) multiply_dx (.clk, .a(dt), .b(x), .y(dx));
    delay #(.WIDTH(16), .DEPTH(MUL)) delay_dA (.clk, .d(dA), .q(dA_then));
    delay #(.WIDTH(16*LANES), .DEPTH(MUL)) delay_B (.clk, .d(B), .q(B_then));
    delay #(.WIDTH(16*LANES), .DEPTH(MUL)) delay_h (.clk, .d(h), .q(h_then));
    delay #(.WIDTH(16*LANES), .DEPTH(2*MUL+ADD)) delay_C (.clk, .d(C), .q(C_then));
    delay_valid #(.DEPTH(2*MUL+ADD)) delay_h_valid (.clk, .rst, .d(valid), .q(h_next_valid));
    delay_valid #(.DEPTH(MUL)) delay_hC_valid (.clk, .rst, .d(h_next_valid), .q(hC_valid));

    logic [16*LANES-1:0] dxB, dAh;
    fp16_mul #(.LANES(LANES), .LATENCY(MUL)) multiply_dxB (.clk, .a({LANES{dx}}), .b(B_then), .y(dxB));
    fp16_mul #(.LANES(LANES), .LATENCY(MUL)) multiply_dAh (.clk, .a({LANES{dA_then}}), .b(h_then), .y(dAh));
    fp16_add #(.LANES(LANES), .LATENCY(ADD)) add_h (.clk, .a(dxB), .b(dAh), .y(h_next));
    fp16_mul #(.LANES(LANES), .LATENCY(MUL)) multiply_hC (.clk, .a(h_next), .b(C_then), .y(hC));
endmodule
