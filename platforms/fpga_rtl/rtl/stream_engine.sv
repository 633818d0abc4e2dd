// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// The dataflow `streaming`: one channel after the other through all the stages at once, LANES states a cycle and
// no bubble while the next tile is there: heads*headdim*N/LANES + 3*MUL + 2*ADD + ADD*log2(N) cycles from
// the first operand to the last result. Chunks of a channel are collected before the tree.
module stream_engine #(
    parameter int N = 128,
    parameter int LANES = 16,
    parameter int Y_WORDS = 1,
    parameter int MUL = 6,
    parameter int ADD = 11,
    parameter int X_STRIDE = 16,
    parameter int Y_STRIDE = 16
) (
`include "engine_ports.svh"
);
    localparam int CHUNKS = N / LANES;
    localparam int TREE = ADD * $clog2(N);

    // Issue.
    logic issue, issue_last_chunk, issue_last, more, bank, next_bank, last_tile, go;
    logic [15:0] heads_here, headdim_here;
    assign next_bank = bank ^ issue_last;
    assign go = more && (!issue || issue_last) && in_full[next_bank] && !out_busy[next_bank];
    always_ff @(posedge clk) begin
        if (rst) more <= 1'b0;
        else if (start) more <= 1'b1;
        else if (go) more <= !last_tile;
        if (start) bank <= 1'b0;
        else if (issue_last) bank <= ~bank;
    end
    tile_walk tiles (
        .clk, .start, .advance(go), .heads, .headdim, .tile_heads, .tile_headdim, .heads_here, .headdim_here,
        .last(last_tile)
    );
    operand_walk #(.CHUNKS(CHUNKS), .X_STRIDE(X_STRIDE)) operands (
        .clk, .rst, .start(go), .heads(heads_here), .headdim(headdim_here), .valid(issue), .head, .x_address,
        .h_address, .chunk, .last_chunk(issue_last_chunk), .last(issue_last)
    );
    assign read_bank = bank;
    assign take = go;
    assign take_bank = next_bank;
    assign release_in = issue_last;
    assign release_bank = bank;

    // The lanes.
    logic lanes_valid, lanes_row, lanes_last, h_last, h_next_valid, hC_valid, hC_row;
    logic [16*LANES-1:0] hC;
    delay_valid #(.DEPTH(2)) delay_issue (.clk, .rst, .d(issue), .q(lanes_valid));
    delay_valid #(.DEPTH(2)) delay_row (.clk, .rst, .d(issue && issue_last_chunk), .q(lanes_row));
    delay_valid #(.DEPTH(2)) delay_last (.clk, .rst, .d(issue_last), .q(lanes_last));
    delay_valid #(.DEPTH(2 * MUL + ADD)) delay_h_last (.clk, .rst, .d(lanes_last), .q(h_last));
    delay_valid #(.DEPTH(3 * MUL + ADD)) delay_hC_row (.clk, .rst, .d(lanes_row), .q(hC_row));
    pipelined_hC #(.LANES(LANES), .MUL(MUL), .ADD(ADD)) lanes (
        .clk, .rst, .valid(lanes_valid), .dt, .dA, .x, .h, .B, .C, .h_next_valid, .h_next(h_write_data),
        .hC_valid, .hC
    );
    assign h_write = h_next_valid;
    always_ff @(posedge clk) begin
        if (start) begin
            h_write_address <= 0;
            h_write_bank <= 1'b0;
        end else if (h_last) begin
            h_write_address <= 0;
            h_write_bank <= ~h_write_bank;
        end else if (h_next_valid) h_write_address <= h_write_address + 1;
        h_done <= h_last && !rst;
        h_done_bank <= h_write_bank;
    end

    // A whole channel, to the tree.
    logic [16*N-1:0] row;
    logic unused_hC_valid;
    if (CHUNKS == 1) begin : g_row
        assign row = hC;
        assign unused_hC_valid = hC_valid;
    end else begin : g_collect
        logic [16*(N-LANES)-1:0] held;
        if (CHUNKS == 2) begin : g_two
            always_ff @(posedge clk) if (hC_valid) held <= hC;
        end else begin : g_more
            always_ff @(posedge clk) if (hC_valid) held <= {hC, held[16*(N-LANES)-1:16*LANES]};
        end
        assign row = {hC, held};
        assign unused_hC_valid = 1'b0;
    end
    logic sum_valid;
    logic [15:0] sum;
    accumulator #(.N(N), .ADD(ADD)) tree (.clk, .rst, .valid(hC_row), .values(row), .sum_valid, .sum);

    // Skip and y.
    logic xD_valid, y_valid, y_last;
    logic [15:0] xD, xD_then;
    xD #(.MUL(MUL)) skip (.clk, .rst, .valid(lanes_row), .x, .D, .product_valid(xD_valid), .product(xD));
    delay #(.WIDTH(16), .DEPTH(2 * MUL + ADD + TREE)) delay_xD (.clk, .d(xD), .q(xD_then));
    y_out #(.LANES(Y_WORDS), .ADD(ADD)) adder (
        .clk, .rst, .valid(sum_valid), .sum, .xD(xD_then), .y_valid, .y(y_write_data)
    );
    delay_valid #(.DEPTH(3 * MUL + 2 * ADD + TREE)) delay_y_last (.clk, .rst, .d(lanes_last), .q(y_last));
    logic [15:0] y_heads, y_headdim;
    logic y_last_tile;
    tile_walk y_tiles (
        .clk, .start, .advance(y_last), .heads, .headdim, .tile_heads, .tile_headdim, .heads_here(y_heads),
        .headdim_here(y_headdim), .last(y_last_tile)
    );
    row_walk #(.STRIDE(Y_STRIDE)) y_writes (
        .clk, .start(start || y_last), .step(y_valid), .headdim(y_headdim), .address(y_write_address)
    );
    assign y_write = y_valid;
    always_ff @(posedge clk) begin
        if (start) y_write_bank <= 1'b0;
        else if (y_last) y_write_bank <= ~y_write_bank;
        y_done <= y_last && !rst;
        y_done_bank <= y_write_bank;
    end

    // The pipeline empties by itself once the last operand is in it.
    logic emptying, was_active;
    always_ff @(posedge clk) begin
        if (rst) emptying <= 1'b0;
        else if (lanes_last && !more && !issue) emptying <= 1'b1;
        else if (y_last && y_last_tile) emptying <= 1'b0;
        if (rst) was_active <= 1'b0;
        else if (y_last && y_last_tile) was_active <= 1'b0;
        else if (lanes_valid) was_active <= 1'b1;
    end
    assign active = was_active || lanes_valid;
    assign computing = lanes_valid || emptying;

    logic unused;
    assign unused = &{1'b0, unused_hC_valid, xD_valid, y_heads};
endmodule
