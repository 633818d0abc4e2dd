// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// One token of a Mamba-2 layer's recurrence, for heads that share B and C:
//   h' = dt*x*B + dA*h,  y = sum over N of h'*C + D*x
// in half precision, every operation rounded. Operands arrive and results leave over AXI4-Stream ports of PORT
// bits (axis_loader, axis_storer tell in which order) and lie in two banks of tile buffers each way, so that
// a tile is loaded and another stored while one is computed. A call is one start with the shape, which must
// stay until done. N and LANES are powers of two, LANES <= N, PORT / 16 <= N; a tile has at most TILE_H
// heads of TILE_P channels.
module ssm_top #(
    parameter bit STREAMING = 0,
    parameter int N = 128,
    parameter int LANES = 16,
    parameter int MUL = 6,
    parameter int ADD = 11,
    parameter int PORT = 128,
    parameter int TILE_H = 12,
    parameter int TILE_P = 16
) (
    input  logic            clk,
    input  logic            rst,
    input  logic            start,
    input  logic [15:0]     heads,
    input  logic [15:0]     headdim,
    input  logic [15:0]     tile_heads,
    input  logic [15:0]     tile_headdim,
    input  logic            s_axis_tvalid,
    output logic            s_axis_tready,
    input  logic [PORT-1:0] s_axis_tdata,
    input  logic            s_axis_tlast,
    output logic            m_axis_tvalid,
    input  logic            m_axis_tready,
    output logic [PORT-1:0] m_axis_tdata,
    output logic            m_axis_tlast,
    output logic            done,  // the last result has left
    output logic            active,  // between the first tile's begin and the last one's end
    output logic            computing,
    output logic            framing_error  // tlast came elsewhere than at the end of a packet
);
    localparam int BEAT = PORT / 16;
    localparam int Y_LANES = 16;
    localparam int Y_WORDS = STREAMING ? 1 : Y_LANES;
    localparam int X_STRIDE = (TILE_P + BEAT - 1) / BEAT * BEAT;
    localparam int Y_STRIDE = (TILE_P + Y_LANES - 1) / Y_LANES * Y_LANES;
    localparam int H_WORDS = (TILE_H + BEAT - 1) / BEAT * BEAT;
    localparam int TILE_ROWS = TILE_H * TILE_P;

    logic write_B, write_C, write_dt, write_dA, write_D, write_x, write_h, load_bank, full;
    logic [31:0] load_address;
    logic take, take_bank, release_in, release_in_bank, h_done, h_done_bank, y_done, y_done_bank;
    logic release_out, release_out_bank;
    logic [1:0] in_full, out_busy, h_full, y_full;

    always_ff @(posedge clk) begin
        if (rst) begin
            in_full <= '0;
            out_busy <= '0;
            h_full <= '0;
            y_full <= '0;
        end else begin
            if (full) in_full[load_bank] <= 1'b1;
            if (release_in) in_full[release_in_bank] <= 1'b0;
            if (take) out_busy[take_bank] <= 1'b1;
            if (h_done) h_full[h_done_bank] <= 1'b1;
            if (y_done) y_full[y_done_bank] <= 1'b1;
            if (release_out) begin
                out_busy[release_out_bank] <= 1'b0;
                h_full[release_out_bank] <= 1'b0;
                y_full[release_out_bank] <= 1'b0;
            end
        end
    end

    axis_loader #(.N(N), .BEAT(BEAT), .X_STRIDE(X_STRIDE)) loader (
        .clk, .rst, .start, .heads, .headdim, .tile_heads, .tile_headdim, .in_full, .s_axis_tvalid,
        .s_axis_tlast, .s_axis_tready, .write_B, .write_C, .write_dt, .write_dA, .write_D, .write_x,
        .write_h, .write_bank(load_bank), .write_address(load_address), .full, .framing_error
    );

    // Operands.
    logic read_bank;
    logic [31:0] head, x_address, h_address, chunk;
    logic [15:0] dt, dA, D, x;
    logic [16*LANES-1:0] h, B, C;
    slice_ram #(.BANKS(1), .WORDS(N), .WRITE(BEAT), .READ(LANES)) B_buffer (
        .clk, .write(write_B), .write_bank(1'b0), .write_address(load_address), .write_data(s_axis_tdata),
        .read(1'b1), .read_bank(1'b0), .read_address(chunk), .read_data(B)
    );
    slice_ram #(.BANKS(1), .WORDS(N), .WRITE(BEAT), .READ(LANES)) C_buffer (
        .clk, .write(write_C), .write_bank(1'b0), .write_address(load_address), .write_data(s_axis_tdata),
        .read(1'b1), .read_bank(1'b0), .read_address(chunk), .read_data(C)
    );
    slice_ram #(.WORDS(H_WORDS), .WRITE(BEAT), .READ(1)) dt_buffer (
        .clk, .write(write_dt), .write_bank(load_bank), .write_address(load_address),
        .write_data(s_axis_tdata), .read(1'b1), .read_bank, .read_address(head), .read_data(dt)
    );
    slice_ram #(.WORDS(H_WORDS), .WRITE(BEAT), .READ(1)) dA_buffer (
        .clk, .write(write_dA), .write_bank(load_bank), .write_address(load_address),
        .write_data(s_axis_tdata), .read(1'b1), .read_bank, .read_address(head), .read_data(dA)
    );
    slice_ram #(.WORDS(H_WORDS), .WRITE(BEAT), .READ(1)) D_buffer (
        .clk, .write(write_D), .write_bank(load_bank), .write_address(load_address),
        .write_data(s_axis_tdata), .read(1'b1), .read_bank, .read_address(head), .read_data(D)
    );
    slice_ram #(.WORDS(TILE_H * X_STRIDE), .WRITE(BEAT), .READ(1)) x_buffer (
        .clk, .write(write_x), .write_bank(load_bank), .write_address(load_address),
        .write_data(s_axis_tdata), .read(1'b1), .read_bank, .read_address(x_address), .read_data(x)
    );
    slice_ram #(.WORDS(TILE_ROWS * N), .WRITE(BEAT), .READ(LANES)) h_buffer (
        .clk, .write(write_h), .write_bank(load_bank), .write_address(load_address),
        .write_data(s_axis_tdata), .read(1'b1), .read_bank, .read_address(h_address), .read_data(h)
    );

    // The engine.
    logic h_write, h_write_bank, y_write, y_write_bank;
    logic [31:0] h_write_address, y_write_address;
    logic [16*LANES-1:0] h_write_data;
    logic [16*Y_WORDS-1:0] y_write_data;
    generate
        if (STREAMING) begin : g_streaming
            stream_engine #(
                .N(N), .LANES(LANES), .Y_WORDS(Y_WORDS), .MUL(MUL), .ADD(ADD), .X_STRIDE(X_STRIDE),
                .Y_STRIDE(Y_STRIDE)
            ) engine (.release_bank(release_in_bank), .*);
        end else begin : g_tiled
            tile_engine #(
                .N(N), .LANES(LANES), .Y_WORDS(Y_WORDS), .MUL(MUL), .ADD(ADD), .TILE_H(TILE_H),
                .X_STRIDE(X_STRIDE), .Y_STRIDE(Y_STRIDE), .TILE_ROWS(TILE_ROWS)
            ) engine (.release_bank(release_in_bank), .*);
        end
    endgenerate

    // Results.
    logic store_read, store_bank, from_y;
    logic [31:0] store_address;
    logic [PORT-1:0] h_beat, y_beat;
    slice_ram #(.WORDS(TILE_ROWS * N), .WRITE(LANES), .READ(BEAT), .LATENCY(1)) h_out_buffer (
        .clk, .write(h_write), .write_bank(h_write_bank), .write_address(h_write_address),
        .write_data(h_write_data), .read(store_read), .read_bank(store_bank), .read_address(store_address),
        .read_data(h_beat)
    );
    slice_ram #(.WORDS(TILE_H * Y_STRIDE), .WRITE(Y_WORDS), .READ(BEAT), .LATENCY(1)) y_out_buffer (
        .clk, .write(y_write), .write_bank(y_write_bank), .write_address(y_write_address),
        .write_data(y_write_data), .read(store_read), .read_bank(store_bank), .read_address(store_address),
        .read_data(y_beat)
    );
    axis_storer #(.N(N), .BEAT(BEAT), .Y_STRIDE(Y_STRIDE)) storer (
        .clk, .rst, .start, .heads, .headdim, .tile_heads, .tile_headdim, .h_full, .y_full,
        .read(store_read), .read_bank(store_bank), .read_address(store_address), .from_y, .release_out,
        .release_bank(release_out_bank), .m_axis_tvalid, .m_axis_tlast, .m_axis_tready, .done
    );
    assign m_axis_tdata = from_y ? y_beat : h_beat;
endmodule
