// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// y = sum + x*D for LANES channels a cycle.
module y_out #(
    parameter int LANES = 16,
    parameter int ADD = 11
) (
    input  logic                clk,
    input  logic                rst,
    input  logic                valid,
    input  logic [16*LANES-1:0] sum,
    input  logic [16*LANES-1:0] xD,
    output logic                y_valid,
    output logic [16*LANES-1:0] y
);
    fp16_add #(.LANES(LANES), .LATENCY(ADD)) add (.clk, .a(sum), .b(xD), .y(y));
    delay_valid #(.DEPTH(ADD)) delay_y_valid (.clk, .rst, .d(valid), .q(y_valid));
endmodule
