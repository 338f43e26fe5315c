#include "tuner/construct/contraction_gpu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ranges>
#include <set>

#include "tuner/construct/alignment_rules.hpp"
#include "tuner/construct/gpu_default.hpp"
#include "tuner/construct/proposals.hpp"
#include "tuner/construct/tile_growth.hpp"

namespace perftune {
namespace {

// Padding tolerances, tried in order until enough candidates exist (Roller section 3.2).
constexpr double kEpsilons[] = {0.10, 0.25, 0.50, 1.0, 32.0};
constexpr int kMaxCandidates = 240;
constexpr int kMaxStages = 6;

// Everything about one (operator, hardware, class) that all candidates share.
struct Problem {
  const Contraction& form;
  const Hardware& hardware;
  const TileClass& klass;
  std::int64_t m, n, k, batch;
  double bytes_a, bytes_b;
  int vector_a, vector_b, vector_c;
  bool k_contiguous;  // in at least one operand

  bool scalar() const { return klass.tile_m == 0; }
};

bool unit_stride(const Access& access, Group group) {
  return access.forms(group).back() == StrideForm::unit;
}

int widest_vector(const Contraction& form, const Access& access, Group other) {
  const Group contiguous = unit_stride(access, Group::k) ? Group::k : other;
  const int limit = rules::kVectorBytes / static_cast<int>(size_bytes(access.type));
  return rules::vector_elements(access.type, vector_width(form, access, contiguous, limit));
}

Problem describe(const Contraction& form, const Hardware& hardware, const TileClass& klass) {
  Problem p{form, hardware, klass, form.extent(Group::m), form.extent(Group::n),
            form.extent(Group::k), form.extent(Group::batch), 0, 0, 1, 1, 1, false};
  p.bytes_a = static_cast<double>(size_bytes(form.a.type));
  p.bytes_b = static_cast<double>(size_bytes(form.b.type));
  p.vector_a = widest_vector(form, form.a, Group::m);
  p.vector_b = widest_vector(form, form.b, Group::n);
  const int limit_c = rules::kVectorBytes / static_cast<int>(size_bytes(form.c.type));
  p.vector_c = vector_width(form, form.c, Group::n, limit_c);
  p.k_contiguous = unit_stride(form.a, Group::k) || unit_stride(form.b, Group::k);
  return p;
}

// --- registers: the tile that one thread (scalar) or one warp (tensor core) accumulates ---

std::vector<TileExtent> register_tiles(const Problem& p, double epsilon) {
  GrowthLimits limits{p.m, p.n, 1, 1, p.bytes_a, p.bytes_b, epsilon, {}};
  if (p.scalar()) {
    const int vector = static_cast<int>(std::min<std::int64_t>(p.vector_c, rules::power_of_two_at_least(p.n)));
    limits.align_n = vector;
    limits.fits = [&](TileExtent t) {
      return t.m * t.n <= p.klass.max_accumulators && t.m <= 16 && t.n <= 16;
    };
    return grow({1, std::max(1, vector)}, limits);
  }
  limits.align_m = p.klass.tile_m;
  limits.align_n = p.klass.tile_n;
  limits.fits = [&](TileExtent t) {
    return t.m * t.n / rules::kWarp <= p.klass.max_accumulators;
  };
  return grow({p.klass.tile_m, p.klass.tile_n}, limits);
}

// --- warp: 32 thread tiles, as square as the problem allows, n first on a tie (coalescing) ---

TileExtent warp_tile(const Problem& p, TileExtent registers) {
  if (!p.scalar()) return registers;
  TileExtent best{};
  double best_cost = 1e300;
  for (int lanes_m = 1; lanes_m <= rules::kWarp; lanes_m *= 2) {
    const TileExtent t{lanes_m * registers.m, rules::kWarp / lanes_m * registers.n};
    const double padded = (1 + rules::padding_waste(p.m, t.m)) * (1 + rules::padding_waste(p.n, t.n));
    const double cost = padded * (1.0 / t.m + 1.0 / t.n);
    if (cost < best_cost - 1e-12) {
      best = t;
      best_cost = cost;
    }
  }
  return best;
}

// --- block: warps together; k step and stages ---

std::vector<int> k_steps(const Problem& p) {
  const int element = static_cast<int>(std::max(p.bytes_a, p.bytes_b));
  // A contiguous k is read in whole sectors; a strided one needs only enough steps to amortise the
  // barrier.
  const int base = std::max(p.klass.k_bytes, p.k_contiguous ? rules::kSectorBytes : 0) / element;
  const std::int64_t most = rules::power_of_two_at_least(p.k);
  std::vector<int> steps;
  for (int step : {base, 2 * base, 4 * base})
    if (step >= 1 && (step <= most || steps.empty())) steps.push_back(step);
  return steps;
}

class Builder {
 public:
  Builder(const Problem& p, const Operator& op, const Emitter& emitter)
      : p_(p), found_(emitter, op, p.hardware) {}

  void at_tolerance(double epsilon) {
    epsilon_ = epsilon;
    // Largest first: where the number of candidates is capped, reuse is what to keep.
    const auto registers_path = register_tiles(p_, epsilon);
    for (const TileExtent registers : std::views::reverse(registers_path)) {
      const TileExtent warp = warp_tile(p_, registers);
      GrowthLimits limits{p_.m, p_.n, warp.m, warp.n, p_.bytes_a, p_.bytes_b, epsilon, {}};
      limits.fits = [&](TileExtent t) {
        return (t.m / warp.m) * (t.n / warp.n) * rules::kWarp <= p_.klass.max_threads;
      };
      const auto block_path = grow(warp, limits);
      for (const TileExtent block : std::views::reverse(block_path))
        for (const int step : k_steps(p_)) with_steps(registers, warp, block, step);
    }
  }

  Proposals& found() { return found_; }

 private:
  void with_steps(TileExtent registers, TileExtent warp, TileExtent block, int block_k) {
    if (found_.count() >= kMaxCandidates) return;
    ContractionTiles t;
    t.block_m = block.m, t.block_n = block.n, t.block_k = block_k;
    t.warp_m = warp.m, t.warp_n = warp.n;
    if (p_.scalar()) t.thread_m = registers.m, t.thread_n = registers.n;
    // No vector reaches beyond its line of the tile.
    const auto within = [&](int vector, const Access& access, int rows) {
      const int line = unit_stride(access, Group::k) ? block_k : rows;
      return std::min(vector, line & -line);
    };
    t.vector_a = within(p_.vector_a, p_.form.a, block.m);
    t.vector_b = within(p_.vector_b, p_.form.b, block.n);
    t.vector_c = std::min(p_.vector_c, warp.n);
    if (p_.scalar()) t.vector_c = std::min(t.vector_c, registers.n);
    t.index_bits = needs_64bit_index(p_.form) ? 64 : 32;
    // A block of few threads cannot hide latency: more warps share its tile, each on part of k.
    for (int slice = 1; slice <= 8; slice *= 2) {
      ContractionTiles sliced = t;
      sliced.slice_k = slice;
      sliced.block_k = block_k * slice;
      if (slice > 1 && (t.threads() * slice > 256 || sliced.block_k > rules::power_of_two_at_least(p_.k)))
        break;
      if (slice > 1 && !p_.scalar()) break;
      with_stages(sliced);
    }
  }

  void with_stages(ContractionTiles t) {
    if (!tried_.insert(t).second) return;  // at a smaller tolerance
    t.stages = 2;
    const auto two = found_.estimate(t.to_program(p_.klass.target));
    const std::int64_t stage_bytes = static_cast<std::int64_t>(
        rules::tile_footprint(t.block_m, t.block_n, p_.bytes_a, p_.bytes_b) * t.block_k);
    if (!rules::registers_fit(p_.hardware, two.registers, t.threads(), 1)) return;
    const std::int64_t slots =
        rules::resident_blocks(p_.hardware, t.threads(), two.shared_bytes, two.registers);
    if (slots == 0) return;
    const int per_sm = static_cast<int>(std::max<std::int64_t>(1, slots / p_.hardware.sms));
    const std::int64_t steps = (p_.k + t.block_k - 1) / t.block_k;
    // Enough for the latency, one step of slack beyond it, and no more than there are steps.
    const int latency = rules::stages_for_latency(p_.hardware, stage_bytes, per_sm);
    const int most = static_cast<int>(std::clamp<std::int64_t>(steps, 2, kMaxStages));
    std::set<int> depths{2};
    for (const int depth : {3, latency, latency + 1}) depths.insert(std::clamp(depth, 2, most));
    for (const int depth : depths) {
      t.stages = depth;
      with_scale_out(t);
    }
  }

  void with_scale_out(ContractionTiles t) {
    const auto resources = found_.estimate(t.to_program(p_.klass.target));
    const std::int64_t slots = rules::resident_blocks(p_.hardware, t.threads(),
                                                      resources.shared_bytes, resources.registers);
    if (slots == 0 || !rules::shared_fits(p_.hardware, resources.shared_bytes)) return;
    const std::int64_t blocks = ((p_.m + t.block_m - 1) / t.block_m) *
                                ((p_.n + t.block_n - 1) / t.block_n) * p_.batch;
    t.raster = rules::raster_group(p_.m, t.block_m, t.block_n, slots);
    for (const int split : rules::split_k_choices(blocks, slots, p_.k, t.block_k, 2)) {
      t.split_k = split;
      propose(t, resources, slots, blocks);
    }
    t.split_k = 1;
    if (p_.scalar() || !rules::stream_k_pays(blocks, slots, p_.k, t.block_k)) return;
    t.stream_k = 1;
    propose(t, resources, slots, blocks);
  }

  void propose(const ContractionTiles& t, const Resources& resources, std::int64_t slots,
               std::int64_t blocks) {
    if (found_.count() < kMaxCandidates)
      found_.propose(t.to_program(p_.klass.target),
                     [&] { return reasons(t, resources, slots, blocks); });
  }

  std::vector<RuleApplied> reasons(const ContractionTiles& t, const Resources& r,
                                   std::int64_t slots, std::int64_t blocks) const;

  const Problem& p_;
  Proposals found_;
  double epsilon_ = 0;
  std::set<ContractionTiles> tried_;
};

std::vector<RuleApplied> Builder::reasons(const ContractionTiles& t, const Resources& r,
                                          std::int64_t slots, std::int64_t blocks) const {
  const auto percent = [](double x) { return fmt::format("{:.1f} %", 100 * x); };
  std::vector<RuleApplied> out;
  if (p_.scalar())
    out.push_back({"thread_m x thread_n", "registers_per_thread",
                   fmt::format("{}x{} accumulators: ~{} registers, spill line {}", t.thread_m,
                               t.thread_n, r.registers, p_.hardware.sm.max_registers_per_thread)});
  else
    out.push_back({"warp_m x warp_n", "instruction_shape",
                   fmt::format("multiples of {}x{}; {} accumulators per thread of at most {}",
                               p_.klass.tile_m, p_.klass.tile_n, t.warp_m * t.warp_n / rules::kWarp,
                               p_.klass.max_accumulators)});
  out.push_back({"block_m", "padding_waste",
                 fmt::format("{} of m = {} wasted, tolerance {}", percent(rules::padding_waste(p_.m, t.block_m)),
                             p_.m, percent(epsilon_))});
  out.push_back({"block_n", "padding_waste",
                 fmt::format("{} of n = {} wasted, tolerance {}", percent(rules::padding_waste(p_.n, t.block_n)),
                             p_.n, percent(epsilon_))});
  out.push_back({"block_m x block_n", "traffic_per_byte",
                 fmt::format("{:.2f} flop per byte read; {} threads of at most {}",
                             2.0 / rules::tile_traffic(t.block_m, t.block_n, p_.bytes_a, p_.bytes_b),
                             t.threads(), p_.klass.max_threads)});
  out.push_back({"block_k", p_.k_contiguous ? "sector_multiple" : "barrier_amortisation",
                 p_.k_contiguous
                     ? fmt::format("{} bytes of contiguous k per step, sectors are {}",
                                   t.block_k / t.slice_k * static_cast<int>(p_.bytes_a),
                                   rules::kSectorBytes)
                     : fmt::format("{} steps between barriers; no operand is contiguous in k",
                                   t.block_k / t.slice_k)});
  const auto narrow = [&](const Access& access, int vector) {
    return p_.hardware.compute_capability >= 80 && vector * static_cast<int>(size_bytes(access.type)) < 4;
  };
  out.push_back({"vector_a, vector_b, vector_c", "vector_multiple",
                 fmt::format("{}, {} and {} elements per access are aligned at every point{}", t.vector_a,
                             t.vector_b, t.vector_c,
                             narrow(p_.form.a, t.vector_a) || narrow(p_.form.b, t.vector_b)
                                 ? "; less than 4 bytes are too few for cp.async: loads wait in registers"
                                 : "")});
  out.push_back({"stages", "bytes_in_flight",
                 fmt::format("{} steps in flight, {} shared bytes of {}", t.stages, r.shared_bytes,
                             p_.hardware.sm.shared_bytes_optin)});
  out.push_back(rules::scale_out_rule(t.stream_k != 0, t.split_k, blocks, slots));
  if (t.slice_k > 1)
    out.push_back({"slice_k", "latency_hiding",
                   fmt::format("{} warps share a tile of {}x{}", t.warps(), t.block_m, t.block_n)});
  if (t.raster > 1)
    out.push_back({"raster", "square_wave",
                   fmt::format("{} m-blocks before n advances: a wave covers a near-square", t.raster)});
  return out;
}

}  // namespace

TileClass simt_class() { return {"cuda/simt", 0, 0, 32, 64, 512}; }
TileClass mma_class() { return {"cuda/mma", 16, 16, 64, 128, 256}; }

std::vector<Constructed> ContractionGpuConstructor::construct(const Operator& op,
                                                              const Hardware& hardware, int wanted,
                                                              std::string& why_not) const {
  const Canonicalised canonical = canonicalise_contraction(op);
  if (!canonical.form) {
    why_not = canonical.why_not;
    return {};
  }
  const Problem problem = describe(*canonical.form, hardware, class_);
  Builder builder(problem, op, emitter_);
  for (const double epsilon : kEpsilons) {
    builder.at_tolerance(epsilon);
    if (builder.found().count() >= static_cast<std::size_t>(wanted)) break;
  }
  if (builder.found().count() == 0) why_not = builder.found().why_not();
  builder.found().least_first([&](const TileProgram& program) {
    return rules::contraction_effort(ContractionTiles::from(program), {problem.m, problem.n, problem.k, problem.batch, problem.form.a.type},
                                     builder.found().estimate(program), hardware);
  });
  return builder.found().take();
}

}  // namespace perftune
