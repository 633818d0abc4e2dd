// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// The dataflow `tiled`: a tile's stages one after the other, each through buffers of the whole tile.
//   hC, with x*D beside it    heads*headdim*N/LANES + 3*MUL + ADD + 4 cycles
//   accumulate                heads*headdim + ADD*log2(N) + 4
//   y                         heads*ceil(headdim/Y_WORDS) + ADD + 3
// A stage's constant is its pipeline's depth, the read of its buffer (2 cycles, 1 of the small ones for y), its
// start and its end. Around them two cycles a tile to take the buffers and to give them back, two to find
// the next, and two a call.
module tile_engine #(
    parameter int N = 128,
    parameter int LANES = 16,
    parameter int Y_WORDS = 16,
    parameter int MUL = 6,
    parameter int ADD = 11,
    parameter int TILE_H = 12,
    parameter int X_STRIDE = 16,
    parameter int Y_STRIDE = 16,
    parameter int TILE_ROWS = 192
) (
`include "engine_ports.svh"
);
    localparam int Y_SHIFT = $clog2(Y_WORDS);
    typedef enum logic [3:0] {
        IDLE, OPEN, WAIT, TAKE, STAGE_HC, STAGE_SUM, STAGE_Y, GIVE, NEXT, CLOSE
    } state_t;
    state_t state;
    logic first;  // cycle of a state
    logic bank, ready, last_tile;
    logic hC_done, sum_done, stage_y_done;
    logic [15:0] heads_here, headdim_here;

    assign ready = in_full[bank] && !out_busy[bank];
    always_ff @(posedge clk) begin
        first <= 1'b0;
        if (rst) begin
            state <= IDLE;
        end else begin
            case (state)
                IDLE: if (start) state <= OPEN;
                OPEN: state <= WAIT;
                WAIT: if (ready) state <= TAKE;
                TAKE: begin state <= STAGE_HC; first <= 1'b1; end
                STAGE_HC: if (hC_done) begin state <= STAGE_SUM; first <= 1'b1; end
                STAGE_SUM: if (sum_done) begin state <= STAGE_Y; first <= 1'b1; end
                STAGE_Y: if (stage_y_done) state <= GIVE;
                GIVE: state <= NEXT;
                NEXT: state <= last_tile_q ? CLOSE : WAIT;
                CLOSE: state <= IDLE;
                default: state <= IDLE;
            endcase
        end
    end
    logic last_tile_q;
    always_ff @(posedge clk) begin
        if (state == OPEN) bank <= 1'b0;
        else if (state == NEXT) bank <= ~bank;
        if (state == GIVE) last_tile_q <= last_tile;
        if (state == IDLE) active <= 1'b0;
        else if (state == TAKE) active <= 1'b1;
        else if (state == CLOSE) active <= 1'b0;
    end
    assign computing = state != IDLE && !(state == WAIT && !ready);
    assign take = state == TAKE;
    assign take_bank = bank;
    tile_walk tiles (
        .clk, .start, .advance(state == GIVE), .heads, .headdim, .tile_heads, .tile_headdim, .heads_here,
        .headdim_here, .last(last_tile)
    );

    // hC, and x*D on the way.
    logic issue, issue_last_chunk, issue_last, lanes_valid, lanes_last_chunk, h_next_valid, hC_valid, xD_valid;
    logic issue_end, hC_end;
    logic [16*LANES-1:0] hC;
    logic [15:0] xD;
    operand_walk #(.CHUNKS(N / LANES), .X_STRIDE(X_STRIDE)) operands (
        .clk, .rst, .start(state == STAGE_HC && first), .heads(heads_here), .headdim(headdim_here),
        .valid(issue), .head, .x_address, .h_address, .chunk, .last_chunk(issue_last_chunk),
        .last(issue_last)
    );
    assign read_bank = bank;
    delay_valid #(.DEPTH(2)) delay_issue (.clk, .rst, .d(issue), .q(lanes_valid));
    delay_valid #(.DEPTH(2)) delay_chunk
        (.clk, .rst, .d(issue && issue_last_chunk), .q(lanes_last_chunk));
    delay_valid #(.DEPTH(2)) delay_end (.clk, .rst, .d(issue_last), .q(issue_end));
    delay_valid #(.DEPTH(3 * MUL + ADD)) delay_hC_end (.clk, .rst, .d(issue_end), .q(hC_end));
    delay_valid #(.DEPTH(1)) delay_hC_done (.clk, .rst, .d(hC_end), .q(hC_done));
    pipelined_hC #(.LANES(LANES), .MUL(MUL), .ADD(ADD)) lanes (
        .clk, .rst, .valid(lanes_valid), .dt, .dA, .x, .h, .B, .C, .h_next_valid, .h_next(h_write_data),
        .hC_valid, .hC
    );
    xD #(.MUL(MUL)) skip (
        .clk, .rst, .valid(lanes_last_chunk), .x, .D, .product_valid(xD_valid), .product(xD)
    );
    assign release_in = hC_done;
    assign release_bank = bank;
    assign h_done = hC_done;
    assign h_done_bank = bank;

    logic [31:0] hC_write_address, xD_write_address;
    always_ff @(posedge clk) begin
        if (state == TAKE) h_write_address <= 0;
        else if (h_next_valid) h_write_address <= h_write_address + 1;
        if (state == TAKE) hC_write_address <= 0;
        else if (hC_valid) hC_write_address <= hC_write_address + 1;
    end
    assign h_write = h_next_valid;
    assign h_write_bank = bank;
    row_walk #(.STRIDE(Y_STRIDE)) xD_writes (
        .clk, .start(state == TAKE), .step(xD_valid), .headdim(headdim_here), .address(xD_write_address)
    );

    // Accumulate.
    logic sum_issue, sum_issue_last, row_valid, row_last, sum_valid, sum_end;
    logic [31:0] sum_read_address, sum_write_address;
    logic [16*N-1:0] row;
    logic [15:0] sum;
    slice_ram #(.BANKS(1), .WORDS(TILE_ROWS * N), .WRITE(LANES), .READ(N)) hC_buffer (
        .clk, .write(hC_valid), .write_bank(1'b0), .write_address(hC_write_address), .write_data(hC),
        .read(1'b1), .read_bank(1'b0), .read_address(sum_read_address), .read_data(row)
    );
    logic [31:0] unused_sum_head, unused_sum_x, unused_sum_chunk;
    logic unused_sum_last_chunk;
    operand_walk #(.CHUNKS(1), .X_STRIDE(X_STRIDE)) rows (
        .clk, .rst, .start(state == STAGE_SUM && first), .heads(heads_here), .headdim(headdim_here),
        .valid(sum_issue), .head(unused_sum_head), .x_address(unused_sum_x), .h_address(sum_read_address),
        .chunk(unused_sum_chunk), .last_chunk(unused_sum_last_chunk), .last(sum_issue_last)
    );
    delay_valid #(.DEPTH(2)) delay_row (.clk, .rst, .d(sum_issue), .q(row_valid));
    delay_valid #(.DEPTH(2)) delay_row_last (.clk, .rst, .d(sum_issue_last), .q(row_last));
    accumulator #(.N(N), .ADD(ADD)) tree (.clk, .rst, .valid(row_valid), .values(row), .sum_valid, .sum);
    delay_valid #(.DEPTH(ADD * $clog2(N))) delay_sum_end (.clk, .rst, .d(row_last), .q(sum_end));
    delay_valid #(.DEPTH(1)) delay_sum_done (.clk, .rst, .d(sum_end), .q(sum_done));
    row_walk #(.STRIDE(Y_STRIDE)) sum_writes (
        .clk, .start(state == TAKE), .step(sum_valid), .headdim(headdim_here), .address(sum_write_address)
    );

    // y.
    logic y_issue, y_issue_last, y_valid, y_end, y_operands;
    logic [31:0] y_read_address;
    logic [15:0] groups;
    logic [16*Y_WORDS-1:0] sums, xDs;
    slice_ram #(.BANKS(1), .WORDS(TILE_H * Y_STRIDE), .WRITE(1), .READ(Y_WORDS), .LATENCY(1)) sum_buffer (
        .clk, .write(sum_valid), .write_bank(1'b0), .write_address(sum_write_address), .write_data(sum),
        .read(1'b1), .read_bank(1'b0), .read_address(y_read_address), .read_data(sums)
    );
    slice_ram #(.BANKS(1), .WORDS(TILE_H * Y_STRIDE), .WRITE(1), .READ(Y_WORDS), .LATENCY(1)) xD_buffer (
        .clk, .write(xD_valid), .write_bank(1'b0), .write_address(xD_write_address), .write_data(xD),
        .read(1'b1), .read_bank(1'b0), .read_address(y_read_address), .read_data(xDs)
    );
    assign groups = (headdim_here + 16'(Y_WORDS - 1)) >> Y_SHIFT;
    logic [31:0] unused_y_head, unused_y_h, unused_y_chunk;
    logic unused_y_last_chunk;
    operand_walk #(.CHUNKS(1), .X_STRIDE(Y_STRIDE / Y_WORDS)) y_groups (
        .clk, .rst, .start(state == STAGE_Y && first), .heads(heads_here), .headdim(groups),
        .valid(y_issue), .head(unused_y_head), .x_address(y_read_address), .h_address(unused_y_h),
        .chunk(unused_y_chunk), .last_chunk(unused_y_last_chunk), .last(y_issue_last)
    );
    delay_valid #(.DEPTH(1)) delay_y_operands (.clk, .rst, .d(y_issue), .q(y_operands));
    y_out #(.LANES(Y_WORDS), .ADD(ADD)) adders (
        .clk, .rst, .valid(y_operands), .sum(sums), .xD(xDs), .y_valid, .y(y_write_data)
    );
    delay_valid #(.DEPTH(1 + ADD)) delay_y_end (.clk, .rst, .d(y_issue_last), .q(y_end));
    delay_valid #(.DEPTH(1)) delay_y_done (.clk, .rst, .d(y_end), .q(stage_y_done));
    delay #(.WIDTH(32), .DEPTH(1 + ADD)) delay_y_address (.clk, .d(y_read_address), .q(y_write_address));
    assign y_write = y_valid;
    assign y_write_bank = bank;
    assign y_done = stage_y_done;
    assign y_done_bank = bank;

    logic unused;
    assign unused = &{1'b0, unused_sum_head, unused_sum_x, unused_sum_chunk, unused_sum_last_chunk,
                      unused_y_head, unused_y_h, unused_y_chunk, unused_y_last_chunk};
endmodule
