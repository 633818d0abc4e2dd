// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// q is d, DEPTH cycles ago.
module delay #(
    parameter int WIDTH = 1,
    parameter int DEPTH = 1
) (
    input  logic             clk,
    input  logic [WIDTH-1:0] d,
    output logic [WIDTH-1:0] q
);
    generate
        if (DEPTH == 0) begin : g_wire
            logic unused;
            assign unused = clk;
            assign q = d;
        end else begin : g_registers
            logic [DEPTH*WIDTH-1:0] stages;
            for (genvar i = 0; i < DEPTH; i++) begin : g_stage
                if (i == 0) begin : g_first
                    always_ff @(posedge clk) stages[0+:WIDTH] <= d;
                end else begin : g_next
                    always_ff @(posedge clk) stages[i*WIDTH+:WIDTH] <= stages[(i-1)*WIDTH+:WIDTH];
                end
            end
            assign q = stages[(DEPTH-1)*WIDTH+:WIDTH];
        end
    endgenerate
endmodule
