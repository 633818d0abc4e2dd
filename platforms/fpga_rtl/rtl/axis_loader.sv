// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// Fills the tile buffers from an AXI4-Stream port. For each call one packet with B and C, then a packet a tile: dt,
// dA and D of its heads, x a head after the other, the states a channel after the other. Each array, and
// each head of x, begins with a beat. The port stops while the next bank is still being read.
module axis_loader #(
    parameter int N = 128,
    parameter int BEAT = 8,
    parameter int X_STRIDE = 16
) (
    input  logic        clk,
    input  logic        rst,
    input  logic        start,
    input  logic [15:0] heads,
    input  logic [15:0] headdim,
    input  logic [15:0] tile_heads,
    input  logic [15:0] tile_headdim,
    input  logic [1:0]  in_full,
    input  logic        s_axis_tvalid,
    input  logic        s_axis_tlast,
    output logic        s_axis_tready,
    output logic        write_B,
    output logic        write_C,
    output logic        write_dt,
    output logic        write_dA,
    output logic        write_D,
    output logic        write_x,
    output logic        write_h,
    output logic        write_bank,
    output logic [31:0] write_address,
    output logic        full,  // write_bank has its last beat
    output logic        framing_error
);
    localparam int B_SHIFT = $clog2(BEAT);
    typedef enum logic [3:0] {IDLE, GET_B, GET_C, WAIT, GET_DT, GET_DA, GET_D, GET_X, GET_H} state_t;
    state_t state;
    logic bank, last_tile, beat, last_beat, packet_end;
    logic [15:0] heads_here, headdim_here, head_beats, x_beats;
    logic [15:0] outer, middle, inner, middle_all, inner_all;  // beats that are left, as nested counts
    logic [31:0] x_row;

    tile_walk tiles (
        .clk, .start, .advance(full), .heads, .headdim, .tile_heads, .tile_headdim, .heads_here,
        .headdim_here, .last(last_tile)
    );
    assign head_beats = (heads_here + 16'(BEAT - 1)) >> B_SHIFT;
    assign x_beats = (headdim_here + 16'(BEAT - 1)) >> B_SHIFT;
    assign s_axis_tready = state != IDLE && state != WAIT;
    assign beat = s_axis_tready && s_axis_tvalid;
    assign last_beat = beat && outer == 1 && middle == 1 && inner == 1;
    assign full = last_beat && state == GET_H;
    assign packet_end = last_beat && (state == GET_C || state == GET_H);
    assign write_B = beat && state == GET_B;
    assign write_C = beat && state == GET_C;
    assign write_dt = beat && state == GET_DT;
    assign write_dA = beat && state == GET_DA;
    assign write_D = beat && state == GET_D;
    assign write_x = beat && state == GET_X;
    assign write_h = beat && state == GET_H;
    assign write_bank = bank;

    always_ff @(posedge clk) begin
        if (rst) framing_error <= 1'b0;
        else if (beat && s_axis_tlast != packet_end) framing_error <= 1'b1;
        if (start) bank <= 1'b0;
        else if (full) bank <= ~bank;
    end

    always_ff @(posedge clk) begin
        if (beat) begin
            inner <= inner - 1;
            write_address <= write_address + 1;
            if (inner == 1) begin
                inner <= inner_all;
                middle <= middle - 1;
                if (state == GET_X) begin
                    x_row <= x_row + X_STRIDE / BEAT;
                    write_address <= x_row + X_STRIDE / BEAT;
                end
                if (middle == 1) begin
                    middle <= middle_all;
                    outer <= outer - 1;
                end
            end
        end
        if (start || last_beat || state == WAIT) begin
            write_address <= 0;
            x_row <= 0;
            outer <= 1;
            middle <= 1;
            middle_all <= 1;
            if (start || state == GET_B) begin
                inner <= 16'(N / BEAT);
                inner_all <= 16'(N / BEAT);
            end else if (state == GET_D) begin
                outer <= heads_here;
                inner <= x_beats;
                inner_all <= x_beats;
            end else if (state == GET_X) begin
                outer <= heads_here;
                middle <= headdim_here;
                middle_all <= headdim_here;
                inner <= 16'(N / BEAT);
                inner_all <= 16'(N / BEAT);
            end else begin
                inner <= head_beats;
                inner_all <= head_beats;
            end
        end
        if (rst) state <= IDLE;
        else begin
            case (state)
                IDLE: if (start) state <= GET_B;
                GET_B: if (last_beat) state <= GET_C;
                GET_C: if (last_beat) state <= WAIT;
                WAIT: if (!in_full[bank]) state <= GET_DT;
                GET_DT: if (last_beat) state <= GET_DA;
                GET_DA: if (last_beat) state <= GET_D;
                GET_D: if (last_beat) state <= GET_X;
                GET_X: if (last_beat) state <= GET_H;
                GET_H: if (last_beat) state <= last_tile ? IDLE : WAIT;
                default: state <= IDLE;
            endcase
        end
    end
endmodule
