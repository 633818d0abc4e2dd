// SPDX-License-Identifier: BSD-2-Clause
// SPDX-FileCopyrightText: 2026 The mamba-bench developers

// The ports of an engine, stream_engine or tile_engine, between the tile buffers of ssm_top.
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 start,
    input  logic [15:0]          heads,
    input  logic [15:0]          headdim,
    input  logic [15:0]          tile_heads,
    input  logic [15:0]          tile_headdim,
    // The tile buffers: which are full and which are still being stored.
    input  logic [1:0]           in_full,
    input  logic [1:0]           out_busy,
    output logic                 take,  // this bank of both, now
    output logic                 take_bank,
    output logic                 release_in,  // its operands have been read
    output logic                 release_bank,
    output logic                 h_done,  // its new states are all there
    output logic                 h_done_bank,
    output logic                 y_done,
    output logic                 y_done_bank,
    // Operands: two cycles after their addresses.
    output logic                 read_bank,
    output logic [31:0]          head,
    output logic [31:0]          x_address,
    output logic [31:0]          h_address,
    output logic [31:0]          chunk,
    input  logic [15:0]          dt,
    input  logic [15:0]          dA,
    input  logic [15:0]          D,
    input  logic [15:0]          x,
    input  logic [16*LANES-1:0]  h,
    input  logic [16*LANES-1:0]  B,
    input  logic [16*LANES-1:0]  C,
    // Results.
    output logic                 h_write,
    output logic                 h_write_bank,
    output logic [31:0]          h_write_address,
    output logic [16*LANES-1:0]  h_write_data,
    output logic                 y_write,
    output logic                 y_write_bank,
    output logic [31:0]          y_write_address,
    output logic [16*Y_WORDS-1:0] y_write_data,
    output logic                 active,  // from the first tile to the end of the last
    output logic                 computing
