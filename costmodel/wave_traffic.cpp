#include "costmodel/wave_traffic.hpp"

#include <algorithm>
#include <cmath>

namespace perftune {

double hit_share(double footprint_bytes, double full_bytes, double none_bytes) {
  if (footprint_bytes <= full_bytes) return 1;
  if (footprint_bytes >= none_bytes) return 0;
  return (none_bytes - footprint_bytes) / (none_bytes - full_bytes);
}

WaveTraffic wave_traffic(const TrafficInput& in) {
  WaveTraffic out;
  // The rectangle: `raster` rows, as many columns as fill the machine; then more rows.
  const double resident = std::max(1.0, std::min(in.resident_blocks, in.tiles_m * in.tiles_n));
  const double group = std::min(std::max(1.0, in.raster), in.tiles_m);
  out.columns = std::min(in.tiles_n, std::ceil(resident / group));
  out.rows = std::min(in.tiles_m, std::max(group, std::ceil(resident / out.columns)));

  // A group of rows sweeps all columns, wave by wave; then B is needed again by the next group.
  const double waves_per_group = in.tiles_n / out.columns;
  const double groups = in.tiles_m / out.rows;
  const double a_group = out.rows * in.a_panel_bytes;
  const double b_wave = out.columns * in.b_panel_bytes;
  const double a_unique = in.tiles_m * in.a_panel_bytes;
  const double b_unique = in.tiles_n * in.b_panel_bytes;
  const double a_hit = hit_share(a_group + b_wave, in.l2_full_bytes, in.l2_none_bytes);
  const double b_hit = hit_share(b_unique + a_group, in.l2_full_bytes, in.l2_none_bytes);
  out.a_bytes = in.batch * a_unique * (1 + (waves_per_group - 1) * (1 - a_hit));
  out.b_bytes = in.batch * b_unique * (1 + (groups - 1) * (1 - b_hit));
  out.c_bytes = in.c_bytes;
  return out;
}

}  // namespace perftune
