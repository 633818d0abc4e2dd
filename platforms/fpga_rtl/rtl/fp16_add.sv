// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// y = a + b in IEEE 754 half precision in each lane, LATENCY cycles later, new operands every cycle. Rounding,
// subnormals and NaNs as in fp16_mul. The LATENCY registers are spread over six steps.
module fp16_add #(
    parameter int LANES = 1,
    parameter int LATENCY = 11
) (
    input  logic                clk,
    input  logic [16*LANES-1:0] a,
    input  logic [16*LANES-1:0] b,
    output logic [16*LANES-1:0] y
);
    localparam int STEPS = 6;
    localparam int R1 = 1 * LATENCY / STEPS;
    localparam int R2 = 2 * LATENCY / STEPS - 1 * LATENCY / STEPS;
    localparam int R3 = 3 * LATENCY / STEPS - 2 * LATENCY / STEPS;
    localparam int R4 = 4 * LATENCY / STEPS - 3 * LATENCY / STEPS;
    localparam int R5 = 5 * LATENCY / STEPS - 4 * LATENCY / STEPS;
    localparam int R6 = LATENCY - 5 * LATENCY / STEPS;
    localparam int W1 = 36, W2 = 34, W3 = 24, W4 = 27, W5 = 26;

    // Between the steps: NaN, infinite, both zero, sign, (1, 2: whether to subtract), exponent, then
    // 1: distance of the exponents and both significands, the larger first; 2: the same aligned, the smaller with
    // guard, round and sticky bits; 3: their sum; 4: its lower 14 bits and how many zeros lead
    // (15: it is 0); 5: what follows its leading 1.
    function automatic logic [W1-1:0] order(input logic [15:0] p, input logic [15:0] q);
        logic p_zero, q_zero, p_top, q_top, nan, zero, sign, swap;
        logic [14:0] larger, smaller;
        p_zero = p[14:10] == 5'd0;
        q_zero = q[14:10] == 5'd0;
        p_top = p[14:10] == 5'd31;
        q_top = q[14:10] == 5'd31;
        swap = p[14:0] < q[14:0];
        larger = swap ? q[14:0] : p[14:0];
        smaller = swap ? p[14:0] : q[14:0];
        nan = (p_top && p[9:0] != 0) || (q_top && q[9:0] != 0) || (p_top && q_top && p[15] != q[15]);
        zero = p_zero && q_zero;
        sign = zero ? p[15] && q[15] : swap ? q[15] : p[15];
        order = {nan, p_top || q_top, zero, sign, p[15] ^ q[15], larger[14:10],
                 larger[14:10] - smaller[14:10], larger[9:0], smaller[14:10] != 5'd0,
                 smaller[14:10] == 5'd0 ? 10'd0 : smaller[9:0]};
    endfunction

    function automatic logic [W2-1:0] align(input logic [W1-1:0] in);
        logic [4:0] distance;
        logic [25:0] shifted;
        distance = in[25:21];
        shifted = {in[10:0], 15'd0} >> distance;
        align = {in[35:26], in[20:11], shifted[25:13],
                 shifted[12:0] != 0 || (distance > 5'd15 && in[10:0] != 0)};
    endfunction

    function automatic logic [W3-1:0] add(input logic [W2-1:0] in);
        logic [14:0] p, q;
        p = {2'b01, in[23:14], 3'd0};
        q = {1'b0, in[13:0]};
        add = {in[33:30], in[28:24], in[29] ? p - q : p + q};
    endfunction

    function automatic logic [W4-1:0] count(input logic [W3-1:0] in);
        logic [14:0] rest;
        logic [3:0] zeros;
        rest = in[14:0];
        zeros = 4'd0;
        if (rest[14:7] == 0) begin zeros = zeros + 4'd8; rest = {rest[6:0], 8'hff}; end
        if (rest[14:11] == 0) begin zeros = zeros + 4'd4; rest = {rest[10:0], 4'hf}; end
        if (rest[14:13] == 0) begin zeros = zeros + 4'd2; rest = {rest[12:0], 2'h3}; end
        if (!rest[14]) zeros = zeros + 4'd1;
        count = {in[23:15], in[13:0], zeros};
    endfunction

    // The exponent is one too large now; below: it would be less than 1.
    function automatic logic [W5-1:0] normalise(input logic [W4-1:0] in);
        logic [3:0] zeros;
        logic [5:0] exponent;
        logic [13:0] shifted;
        logic below;
        zeros = in[3:0];
        exponent = {1'b0, in[22:18]};
        shifted = in[17:4] << zeros;
        below = exponent + 6'd1 < {2'd0, zeros};
        normalise = {in[26:23], zeros == 4'd15, below, exponent + 6'd2 - {2'd0, zeros}, shifted};
    endfunction

    function automatic logic [15:0] round(input logic [W5-1:0] in);
        logic nan, inf, zero, sign, cancelled, below, up;
        logic [5:0] exponent;
        logic [10:0] rounded;
        {nan, inf, zero, sign, cancelled, below, exponent} = in[25:14];
        up = in[3] && (in[4] || in[2:0] != 0);
        rounded = {1'b0, in[13:4]} + {10'd0, up};
        exponent = exponent + {5'd0, rounded[10]} - 6'd1;
        if (nan) round = 16'h7e00;
        else if (inf) round = {sign, 15'h7c00};
        else if (zero) round = {sign, 15'h0000};
        else if (cancelled) round = 16'h0000;
        else if (below || exponent == 6'd0) round = {sign, 15'h0000};
        else if (exponent >= 6'd31) round = {sign, 15'h7c00};
        else round = {sign, exponent[4:0], rounded[9:0]};
    endfunction

    logic [W1*LANES-1:0] s1, s1q;
    logic [W2*LANES-1:0] s2, s2q;
    logic [W3*LANES-1:0] s3, s3q;
    logic [W4*LANES-1:0] s4, s4q;
    logic [W5*LANES-1:0] s5, s5q;
    logic [16*LANES-1:0] s6;
    always_comb for (int i = 0; i < LANES; i++) s1[W1*i+:W1] = order(a[16*i+:16], b[16*i+:16]);
    delay #(.WIDTH(W1*LANES), .DEPTH(R1)) registers1 (.clk, .d(s1), .q(s1q));
    always_comb for (int i = 0; i < LANES; i++) s2[W2*i+:W2] = align(s1q[W1*i+:W1]);
    delay #(.WIDTH(W2*LANES), .DEPTH(R2)) registers2 (.clk, .d(s2), .q(s2q));
    always_comb for (int i = 0; i < LANES; i++) s3[W3*i+:W3] = add(s2q[W2*i+:W2]);
    delay #(.WIDTH(W3*LANES), .DEPTH(R3)) registers3 (.clk, .d(s3), .q(s3q));
    always_comb for (int i = 0; i < LANES; i++) s4[W4*i+:W4] = count(s3q[W3*i+:W3]);
    delay #(.WIDTH(W4*LANES), .DEPTH(R4)) registers4 (.clk, .d(s4), .q(s4q));
    always_comb for (int i = 0; i < LANES; i++) s5[W5*i+:W5] = normalise(s4q[W4*i+:W4]);
    delay #(.WIDTH(W5*LANES), .DEPTH(R5)) registers5 (.clk, .d(s5), .q(s5q));
    always_comb for (int i = 0; i < LANES; i++) s6[16*i+:16] = round(s5q[W5*i+:W5]);
    delay #(.WIDTH(16*LANES), .DEPTH(R6)) registers6 (.clk, .d(s6), .q(y));
endmodule
