// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// Sends results over an AXI4-Stream port: for each tile a packet of its new states, a channel after the other, and
// then of y, each head of which begins with a beat.
module axis_storer #(
    parameter int N = 128,
    parameter int BEAT = 8,
    parameter int Y_STRIDE = 16
) (
    input  logic        clk,
    input  logic        rst,
    input  logic        start,
    input  logic [15:0] heads,
    input  logic [15:0] headdim,
    input  logic [15:0] tile_heads,
    input  logic [15:0] tile_headdim,
    input  logic [1:0]  h_full,
    input  logic [1:0]  y_full,
    output logic        read,
    output logic        read_bank,
    output logic [31:0] read_address,
    output logic        from_y,  // what was read last came from y
    output logic        release_out,
    output logic        release_bank,
    output logic        m_axis_tvalid,
    output logic        m_axis_tlast,
    input  logic        m_axis_tready,
    output logic        done
);
    localparam int B_SHIFT = $clog2(BEAT);
    typedef enum logic [2:0] {IDLE, WAIT_H, PUT_H, WAIT_Y, PUT_Y} state_t;
    state_t state;
    logic bank, last_tile, beat, last_beat, sent_last, sending_last;
    logic [15:0] heads_here, headdim_here, y_beats;
    logic [15:0] outer, middle, inner;
    logic [31:0] y_row;

    tile_walk tiles (
        .clk, .start, .advance(last_beat && state == PUT_Y), .heads, .headdim, .tile_heads, .tile_headdim,
        .heads_here, .headdim_here, .last(last_tile)
    );
    assign y_beats = (headdim_here + 16'(BEAT - 1)) >> B_SHIFT;
    assign read = !m_axis_tvalid || m_axis_tready;
    assign read_bank = bank;
    assign beat = read && (state == PUT_H || state == PUT_Y);
    assign last_beat = beat && outer == 1 && middle == 1 && inner == 1;
    assign release_out = last_beat && state == PUT_Y;
    assign release_bank = bank;
    assign done = m_axis_tvalid && m_axis_tready && sending_last;

    always_ff @(posedge clk) begin
        if (rst) begin
            m_axis_tvalid <= 1'b0;
        end else if (read) begin
            m_axis_tvalid <= beat;
            m_axis_tlast <= last_beat && state == PUT_Y;
            from_y <= state == PUT_Y;
            sending_last <= sent_last;
        end
        if (start) bank <= 1'b0;
        else if (release_out) bank <= ~bank;
    end
    assign sent_last = last_beat && state == PUT_Y && last_tile;

    always_ff @(posedge clk) begin
        if (beat) begin
            inner <= inner - 1;
            read_address <= read_address + 1;
            if (inner == 1) begin
                inner <= state == PUT_H ? 16'(N / BEAT) : y_beats;
                middle <= middle - 1;
                if (state == PUT_Y) begin
                    y_row <= y_row + Y_STRIDE / BEAT;
                    read_address <= y_row + Y_STRIDE / BEAT;
                end
                if (middle == 1) begin
                    middle <= state == PUT_H ? headdim_here : 1;
                    outer <= outer - 1;
                end
            end
        end
        if (state == WAIT_H || state == WAIT_Y) begin
            read_address <= 0;
            y_row <= 0;
            outer <= heads_here;
            middle <= state == WAIT_H ? headdim_here : 1;
            inner <= state == WAIT_H ? 16'(N / BEAT) : y_beats;
        end
        if (rst) state <= IDLE;
        else begin
            case (state)
                IDLE: if (start) state <= WAIT_H;
                WAIT_H: if (h_full[bank]) state <= PUT_H;
                PUT_H: if (last_beat) state <= WAIT_Y;
                WAIT_Y: if (y_full[bank]) state <= PUT_Y;
                PUT_Y: if (last_beat) state <= last_tile ? IDLE : WAIT_H;
                default: state <= IDLE;
            endcase
        end
    end
endmodule
