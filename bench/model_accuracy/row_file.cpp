// Every library GEMM as one CSV row: what was measured and predicted, the program and its stages. For finding
// where the white box is wrong with tools of one's own.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "costmodel/contraction_gpu.hpp"
#include "costmodel/library_model.hpp"
#include "tables.hpp"

namespace perftune::bench {

std::size_t write_rows(const std::vector<GemmSet>& sets, const std::string& file) {
  std::ofstream out(file);
  std::size_t rows = 0;
  for (const GemmSet& set : sets) {
    const std::vector<PipelineProgram> programs = library_programs(work_of(set, set.rows.front()), set.hardware);
    for (const GemmRow& row : set.rows) {
      const LibraryTime best = library_time(work_of(set, row), programs, set.hardware, set.context, {});
      const Prediction p = to_prediction(best.time, 0);
      if (rows++ == 0) {
        out << "set,batch,m,n,k,measured_us,predicted_us,limiter,block_m,block_n,block_k,stages,split_k,waves,"
               "blocks_per_sm,clock_ghz,padding,dram_bytes,l2_bytes";
        for (const StageTime& stage : p.breakdown) {
          std::string name = stage.stage;
          std::replace(name.begin(), name.end(), ' ', '_');
          out << ',' << name << "_us";
        }
        out << '\n';
      }
      const ContractionTiles& t = best.program.tiles;
      out << fmt::format("{},{},{},{},{},{:.4g},{:.4g},{},", set.name, row.batch, row.m, row.n, row.k, row.measured_us,
                         p.us, p.limiter)
          << fmt::format("{},{},{},{},{},{:.4g},{},", t.block_m, t.block_n, t.block_k, t.stages, t.split_k, p.waves,
                         best.time.blocks_per_sm)
          << fmt::format("{:.4g},{:.4g},{:.6g},{:.6g}", p.clock_ghz, p.padding, p.dram_bytes, p.l2_bytes);
      for (const StageTime& stage : p.breakdown) out << fmt::format(",{:.4g}", stage.us);
      out << '\n';
    }
  }
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
  return rows;
}

}  // namespace perftune::bench
