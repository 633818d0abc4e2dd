// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// As delay, for signals that must be 0 after a reset.
module delay_valid #(
    parameter int DEPTH = 1
) (
    input  logic clk,
    input  logic rst,
    input  logic d,
    output logic q
);
    generate
        if (DEPTH == 0) begin : g_wire
            logic unused;
            assign unused = clk | rst;
            assign q = d;
        end else if (DEPTH == 1) begin : g_register
            always_ff @(posedge clk) q <= d & ~rst;
        end else begin : g_registers
            logic [DEPTH-1:0] stages;
            always_ff @(posedge clk) stages <= rst ? '0 : {stages[DEPTH-2:0], d};
            assign q = stages[DEPTH-1];
        end
    endgenerate
endmodule
