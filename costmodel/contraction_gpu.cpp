#include "costmodel/contraction_gpu.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "costmodel/advice.hpp"

namespace perftune {
namespace {

constexpr double kSectorBytes = 32;

// Half width of the 90 % interval of log(measured / predicted), measured by bench/model_accuracy.
constexpr double kRelativeError = 0.35;

// Bytes fetched over bytes used when runs of `run` elements are read, each starting at a multiple
// of `stride_bytes` (0: one run only).
double sector_factor(double run, double element_bytes, std::int64_t stride_bytes) {
  const double bytes = run * element_bytes;
  const auto align = static_cast<double>(std::gcd(stride_bytes, std::int64_t{32}));
  const double sectors = std::ceil(bytes / kSectorBytes) +
                         (stride_bytes == 0 || align >= kSectorBytes ? 0 : 1 - align / kSectorBytes);
  return std::max(1.0, sectors * kSectorBytes / bytes);
}

// Innermost stride of `group` in `access`, and of the axis outside it.
std::int64_t inner_stride(const Access& access, Group group) {
  const auto& strides = access.strides(group);
  return strides.empty() ? 0 : strides.back();
}

// Elements of `group` that follow one another in memory: inner axes whose strides nest. Rows of an
// image are neighbours however their addresses are computed.
double contiguous_run(const Contraction& form, const Access& access, Group group) {
  const auto& axes = form.group(group);
  const auto& strides = access.strides(group);
  double run = 1;
  for (std::size_t i = axes.size(); i-- > 0;) {
    if (axes[i].extent > 1 && static_cast<double>(strides[i]) != run) break;
    run *= static_cast<double>(axes[i].extent);
  }
  return run;
}

// An operand tile of `spatial` rows and `depth` columns: whichever direction is contiguous for longer.
double tile_sector_factor(const Contraction& form, const Access& access, Group spatial_group,
                          Group depth_group, double spatial, double depth, double element_bytes) {
  const std::int64_t s = inner_stride(access, spatial_group), d = inner_stride(access, depth_group);
  const auto bytes = [&](std::int64_t stride) {
    return std::llabs(stride) * static_cast<std::int64_t>(element_bytes);
  };
  const double along_depth = d == 1 ? std::min(depth, contiguous_run(form, access, depth_group)) : 0;
  const double along_rows = s == 1 ? std::min(spatial, contiguous_run(form, access, spatial_group)) : 0;
  const bool rows = along_rows > along_depth && (d != 1 || form.group(depth_group).size() > 1);
  if (rows) return sector_factor(along_rows, element_bytes, bytes(d));
  if (along_depth > 0) return sector_factor(along_depth, element_bytes, bytes(s));
  return sector_factor(1, element_bytes, 0);
}

double tensor_bytes(const Operator& op, const Access& access) {
  return static_cast<double>(op.tensors[static_cast<std::size_t>(access.tensor)].bytes());
}

OperandTraffic operand(const Operator& op, const Access& access, double factor) {
  return {static_cast<double>(size_bytes(access.type)), factor, tensor_bytes(op, access)};
}

double extra_input_bytes(const Operator& op, const Contraction& form) {
  double bytes = 0;
  for (const Access& access : form.extra) bytes += tensor_bytes(op, access);
  return bytes;
}

}  // namespace

std::string_view ContractionGpuModel::target() const {
  switch (instruction_) {
    case InstructionClass::simt: return "cuda/simt";
    case InstructionClass::mma: return "cuda/mma";
    case InstructionClass::wgmma: return "cuda/wgmma";
  }
  std::abort();
}

ContractionWork contraction_work(const Operator& op, const Contraction& form,
                                 const ContractionTiles& t) {
  ContractionWork w;
  w.batch = static_cast<double>(form.extent(Group::batch));
  w.m = static_cast<double>(form.extent(Group::m));
  w.n = static_cast<double>(form.extent(Group::n));
  w.k = static_cast<double>(form.extent(Group::k));
  const auto bytes = [](const Access& access) { return static_cast<double>(size_bytes(access.type)); };
  w.a = operand(op, form.a, tile_sector_factor(form, form.a, Group::m, Group::k, t.block_m, t.block_k,
                                               bytes(form.a)));
  w.b = operand(op, form.b, tile_sector_factor(form, form.b, Group::n, Group::k, t.block_n, t.block_k,
                                               bytes(form.b)));
  w.c = operand(op, form.c, tile_sector_factor(form, form.c, Group::m, Group::n, t.block_m, t.block_n,
                                               bytes(form.c)));
  w.extra_bytes = extra_input_bytes(op, form);
  w.multiply = form.a.type;
  w.accumulate = form.accumulate;
  return w;
}

Prediction to_prediction(const PipelineTime& time, double relative_error) {
  Prediction p;
  p.us = time.total_us;
  p.low_us = time.total_us / (1 + relative_error);
  p.high_us = time.total_us * (1 + relative_error);
  p.occupancy = time.occupancy;
  p.waves = time.waves;
  p.dram_bytes = time.dram_bytes;
  p.l2_bytes = time.l2_bytes;
  p.clock_ghz = time.clock_ghz;
  p.padding = time.padding;
  p.breakdown = {{"dram", time.dram_us, true},          {"l2", time.l2_us, true},
                 {"shared", time.shared_us, true},      {"issue", time.issue_us, true},
                 {"math", time.math_us, true},          {"load latency", time.latency_us, true},
                 {"launch", time.launch_us, false},     {"prologue", time.fill_us, false},
                 {"step sync", time.sync_us, false},    {"epilogue", time.epilogue_us, false},
                 {"reduction", time.reduction_us, false}, {"tail", time.tail_us, false}};
  const auto longest = std::max_element(p.breakdown.begin(), p.breakdown.end(),
                                        [](const StageTime& x, const StageTime& y) { return x.us < y.us; });
  p.limiter = longest->stage;
  return p;
}

std::vector<Prediction> ContractionGpuModel::predict(const Operator& op, const Hardware& hardware,
                                                     std::span<const TileProgram> programs,
                                                     std::span<const Resources> resources) const {
  const Canonicalised canonical = canonicalise_contraction(op);
  if (!canonical.form || programs.size() != resources.size()) std::abort();
  std::vector<Prediction> out;
  out.reserve(programs.size());
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const ContractionTiles tiles = ContractionTiles::from(programs[i]);
    const ContractionWork work = contraction_work(op, *canonical.form, tiles);
    const PipelineProgram program{tiles, instruction_, resources[i].registers,
                                  resources[i].shared_bytes};
    const LaunchContext cold;
    const PipelineTime time = contraction_time(work, program, hardware, cold, parameters_);
    out.push_back(to_prediction(time, kRelativeError));
    const bool scalar = instruction_ == InstructionClass::simt;
    out.back().peak_tflops = hardware.peak_tflops(scalar ? work.accumulate : work.multiply,
                                                  scalar ? Pipe::scalar : Pipe::tensor);
    out.back().advice = advise(work, program, hardware, cold, parameters_, time);
  }
  return out;
}

}  // namespace perftune
