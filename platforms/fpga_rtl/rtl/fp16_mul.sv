// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// y = a * b in IEEE 754 half precision in each lane, LATENCY cycles later, new operands every cycle. Rounds to
// nearest even; subnormal operands count as zeros of their sign, and a result that is below the normal range
// once rounded becomes one; every NaN that comes out is 7e00. The LATENCY registers are spread over four steps.
module fp16_mul #(
    parameter int LANES = 1,
    parameter int LATENCY = 6
) (
    input  logic                clk,
    input  logic [16*LANES-1:0] a,
    input  logic [16*LANES-1:0] b,
    output logic [16*LANES-1:0] y
);
    localparam int STEPS = 4;
    localparam int R1 = 1 * LATENCY / STEPS;
    localparam int R2 = 2 * LATENCY / STEPS - 1 * LATENCY / STEPS;
    localparam int R3 = 3 * LATENCY / STEPS - 2 * LATENCY / STEPS;
    localparam int R4 = LATENCY - 3 * LATENCY / STEPS;
    localparam int W1 = 31, W2 = 32, W3 = 21;

    // Between the steps: NaN, infinite, zero, sign, exponent (biased twice), then
    // 1: both significands without the leading 1; 2: their product; 3: the rounded fraction.
    function automatic logic [W1-1:0] classify(input logic [15:0] p, input logic [15:0] q);
        logic p_zero, q_zero, p_top, q_top, nan;
        p_zero = p[14:10] == 5'd0;
        q_zero = q[14:10] == 5'd0;
        p_top = p[14:10] == 5'd31;
        q_top = q[14:10] == 5'd31;
        nan = (p_top && (p[9:0] != 0 || q_zero)) || (q_top && (q[9:0] != 0 || p_zero));
        classify = {nan, p_top || q_top, p_zero || q_zero, p[15] ^ q[15],
                    {2'b0, p[14:10]} + {2'b0, q[14:10]}, p[9:0], q[9:0]};
    endfunction

    function automatic logic [W2-1:0] multiply(input logic [W1-1:0] in);
        logic [21:0] all;
        all = {11'd0, 1'b1, in[19:10]} * {11'd0, 1'b1, in[9:0]};
        // The last bit only ever makes a tie no tie: it is joined to the one before.
        multiply = {in[30:20], all[21:2], |all[1:0]};
    endfunction

    function automatic logic [W3-1:0] round(input logic [W2-1:0] in);
        logic high, up;
        logic [9:0] kept;
        logic [10:0] rounded;
        high = in[20];
        kept = high ? in[19:10] : in[18:9];
        up = high ? in[9] && (in[10] || in[8:0] != 0) : in[8] && (in[9] || in[7:0] != 0);
        rounded = {1'b0, kept} + {10'd0, up};
        round = {in[31:28], in[27:21] + {6'd0, high} + {6'd0, rounded[10]}, rounded[9:0]};
    endfunction

    // A carry of the rounding has left a fraction of 0.
    function automatic logic [15:0] pack(input logic [W3-1:0] in);
        logic nan, inf, zero, sign;
        logic [6:0] exponent;
        {nan, inf, zero, sign, exponent} = in[20:10];
        if (nan) pack = 16'h7e00;
        else if (inf || (!zero && exponent >= 7'd46)) pack = {sign, 15'h7c00};
        else if (zero || exponent <= 7'd15) pack = {sign, 15'h0000};
        else pack = {sign, exponent[4:0] - 5'd15, in[9:0]};
    endfunction

    logic [W1*LANES-1:0] s1, s1q;
    logic [W2*LANES-1:0] s2, s2q;
    logic [W3*LANES-1:0] s3, s3q;
    logic [16*LANES-1:0] s4;
    always_comb for (int i = 0; i < LANES; i++) s1[W1*i+:W1] = classify(a[16*i+:16], b[16*i+:16]);
    delay #(.WIDTH(W1*LANES), .DEPTH(R1)) registers1 (.clk, .d(s1), .q(s1q));
    always_comb for (int i = 0; i < LANES; i++) s2[W2*i+:W2] = multiply(s1q[W1*i+:W1]);
    delay #(.WIDTH(W2*LANES), .DEPTH(R2)) registers2 (.clk, .d(s2), .q(s2q));
    always_comb for (int i = 0; i < LANES; i++) s3[W3*i+:W3] = round(s2q[W2*i+:W2]);
    delay #(.WIDTH(W3*LANES), .DEPTH(R3)) registers3 (.clk, .d(s3), .q(s3q));
    always_comb for (int i = 0; i < LANES; i++) s4[16*i+:16] = pack(s3q[W3*i+:W3]);
    delay #(.WIDTH(16*LANES), .DEPTH(R4)) registers4 (.clk, .d(s4), .q(y));
endmodule
