// Bytes a contraction moves from DRAM, from the order in which its blocks run.
//
// The blocks that run at once cover a rectangle of output tiles, set by the raster order. Each
// operand panel that the rectangle touches is read once per wave; a panel that the next wave needs
// again is read again unless it is still in L2. Pure; thread-safe.
#pragma once

namespace perftune {

struct TrafficInput {
  // Grid of output tiles, and blocks resident on the machine at once.
  double tiles_m = 1, tiles_n = 1, batch = 1;
  double resident_blocks = 1;
  double raster = 1;  // m-tiles visited before n advances
  // Distinct bytes per m-tile row of A (all k), per n-tile column of B, and of the whole output.
  double a_panel_bytes = 0, b_panel_bytes = 0, c_bytes = 0;
  double l2_full_bytes = 0, l2_none_bytes = 0;  // of hit_share
};

struct WaveTraffic {
  double a_bytes = 0;  // read from DRAM, whole kernel
  double b_bytes = 0;
  double c_bytes = 0;  // written
  double rows = 1;     // m-tiles by n-tiles that run at once, in one batch entry
  double columns = 1;
  double total() const { return a_bytes + b_bytes + c_bytes; }
};

WaveTraffic wave_traffic(const TrafficInput& input);

// Share of a re-read that still hits when `footprint` bytes passed since it was last touched: all
// below `full` bytes, none above `none`, linear between (hashed sets and pseudo-LRU blur the edge).
double hit_share(double footprint_bytes, double full_bytes, double none_bytes);

}  // namespace perftune
