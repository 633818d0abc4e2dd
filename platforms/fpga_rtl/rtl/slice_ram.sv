// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// BANKS banks of WORDS half-precision words each, written WRITE words at a time and read READ at a time (powers
// of two; addresses count such groups). What is read comes LATENCY (1 or 2) cycles after its address.
module slice_ram #(
    parameter int BANKS = 2,
    parameter int WORDS = 1024,
    parameter int WRITE = 8,
    parameter int READ = 16,
    parameter int LATENCY = 2,
    localparam int WIDE = WRITE > READ ? WRITE : READ,
    localparam int ROWS = (WORDS + WIDE - 1) / WIDE,
    localparam int W_SLICES = WIDE / WRITE,
    localparam int R_SLICES = WIDE / READ
) (
    input  logic                clk,
    input  logic                write,
    input  logic                write_bank,
    input  logic [31:0]         write_address,
    input  logic [16*WRITE-1:0] write_data,
    input  logic                read,
    input  logic                read_bank,
    input  logic [31:0]         read_address,
    output logic [16*READ-1:0]  read_data
);
    localparam int W_SHIFT = $clog2(W_SLICES);
    localparam int R_SHIFT = $clog2(R_SLICES);
    localparam int TOTAL = BANKS * ROWS;
    localparam int A_BITS = TOTAL > 1 ? $clog2(TOTAL) : 1;

    logic [31:0] w_row, r_row;
    logic [A_BITS-1:0] w_at, r_at;
    assign w_row = (write_address >> W_SHIFT) + (write_bank ? ROWS : 0);
    assign r_row = (read_address >> R_SHIFT) + (read_bank ? ROWS : 0);
    assign w_at = w_row[A_BITS-1:0];
    assign r_at = r_row[A_BITS-1:0];

    logic [16*WIDE-1:0] row;
    for (genvar s = 0; s < W_SLICES; s++) begin : g_slice
        logic [16*WRITE-1:0] cells [TOTAL];
        logic chosen;
        assign chosen = write && (W_SLICES == 1 || write_address % W_SLICES == s);
        always_ff @(posedge clk) begin
            if (chosen) cells[w_at] <= write_data;
            if (read) row[s*16*WRITE+:16*WRITE] <= cells[r_at];
        end
    end

    logic [16*READ-1:0] slice;
    if (R_SLICES == 1) begin : g_row
        assign slice = row[16*READ-1:0];
    end else begin : g_part
        logic [R_SHIFT-1:0] part;
        always_ff @(posedge clk) if (read) part <= read_address[R_SHIFT-1:0];
        assign slice = row[16*READ*part+:16*READ];
    end

    if (LATENCY == 1) begin : g_direct
        assign read_data = slice;
    end else begin : g_register
        always_ff @(posedge clk) read_data <= slice;
    end

    logic unused;
    assign unused = &{1'b0, w_row[31:A_BITS], r_row[31:A_BITS]};
endmodule
