#include "tuner/construct/contraction_wgmma.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "codegen/contraction.hpp"
#include "codegen/contraction_tiles.hpp"
#include "tuner/construct/alignment_rules.hpp"
#include "tuner/construct/gpu_default.hpp"
#include "tuner/construct/proposals.hpp"

namespace perftune {
namespace {

constexpr std::array kWidths{256, 192, 128, 96, 64, 32, 16, 8};  // of the instruction
constexpr double kEpsilons[] = {0.15, 0.5, 32.0};  // tolerated padding, until enough are found
constexpr int kSpanBytes = 128;       // of k per step: one line of the widest swizzle
constexpr int kMaxCandidates = 240;
constexpr int kMaxStages = 8;         // beyond what hides latency they only fill more slowly
constexpr int kPromoteBeyond = 512;   // of k: so many products of 8-bit floats may be added in 14 bits
constexpr int kPromoteBytes = 128;    // of k, after which they are added in f32 (DeepSeek-V3, arXiv 2412.19437, 3.3.2)
constexpr int kSwapBelow = 256;       // extents of m that may play the instruction's width

// Rows of a block: products of 64 rows for each of one or two warpgroups that multiply.
struct Rows {
  int products, warpgroups;
};
constexpr Rows kRows[] = {{2, 2}, {1, 2}, {1, 1}};

struct Problem {
  std::int64_t m, n, k, batch;
  int element, vector_c, index_bits;
  bool tensor_store;  // TMA takes the output
  bool promote;       // sums of 8-bit floats are to be more precise than the tensor core's
};

Problem describe(const Contraction& form) {
  Problem p{form.extent(Group::m), form.extent(Group::n), form.extent(Group::k),
            form.extent(Group::batch), static_cast<int>(size_bytes(form.a.type)), 1, 32, false, false};
  const bool small_floats = form.a.type == DType::f8e4m3 || form.a.type == DType::f8e5m2;
  p.promote = small_floats && form.accumulate == DType::f32 && p.k > kPromoteBeyond;
  p.vector_c = vector_width(form, form.c, Group::n,
                            rules::kVectorBytes / static_cast<int>(size_bytes(form.c.type)));
  p.index_bits = needs_64bit_index(form) ? 64 : 32;
  return p;
}

// An epilogue operand with rows of its own is better read in vectors than in the pairs that sums come in.
bool reads_like_output(const Contraction& form) {
  return std::any_of(form.extra.begin(), form.extra.end(), [](const Access& extra) {
    return extra.forms(Group::n).back() == StrideForm::unit &&
           extra.forms(Group::m).back() != StrideForm::absent;
  });
}

// Asked of the emitter, by the smallest program.
bool takes_tensor_store(const Proposals& found, const Problem& p) {
  ContractionTiles t;
  t.block_m = 64, t.block_n = 32, t.block_k = 128 / p.element;
  t.warp_m = 16, t.warp_n = 32, t.producers = 4;
  t.tensor_store = 1, t.vector_c = 2;
  t.index_bits = p.index_bits;
  return found.legal(t.to_program("cuda/wgmma"));
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

class Builder {
 public:
  Builder(const Hardware& hardware, const Problem& p, Proposals& found)
      : hardware_(hardware), p_(p), found_(found) {}

  void at_tolerance(double epsilon) {
    epsilon_ = epsilon;
    for (const int swap : {0, 1}) {
      // Whichever extent fills 64 rows better has them; a large m always does.
      const bool m_fills_less = rules::padding_waste(p_.m, 64) > rules::padding_waste(p_.n, 64);
      if (swap == 1 ? p_.m > kSwapBelow : p_.m < 64 && m_fills_less) continue;
      const std::int64_t rows = swap ? p_.n : p_.m, columns = swap ? p_.m : p_.n;
      for (const Rows share : kRows)
        for (const int width : kWidths) {
          const int tall = 64 * share.products * share.warpgroups;
          if (tolerable(rows, tall, 64) && tolerable(columns, width, kWidths.back()))
            with_block(swap, share, tall, width);
        }
    }
  }

 private:
  // Within the tolerance of the waste that the smallest step has anyway.
  bool tolerable(std::int64_t extent, int tile, int least) const {
    return rules::padding_waste(extent, tile) <= rules::padding_waste(extent, least) + epsilon_;
  }

  void with_block(int swap, Rows share, int tall, int width) {
    if (found_.count() >= kMaxCandidates) return;
    ContractionTiles t;
    t.swap = swap;
    t.producers = 4;
    t.block_m = swap ? width : tall;
    t.block_n = swap ? tall : width;
    t.warp_m = swap ? width : 16 * share.products;
    t.warp_n = swap ? 16 * share.products : width;
    t.tensor_store = p_.tensor_store && swap == 0;
    t.vector_c = t.tensor_store ? 2 : std::min(p_.vector_c, swap ? 16 : std::min(32, width));
    t.index_bits = p_.index_bits;
    const int span = static_cast<int>(std::min<std::int64_t>(kSpanBytes, 32 * ceil_div(p_.k * p_.element, 32)));
    for (const int bytes : {span == 96 ? kSpanBytes : span, 2 * kSpanBytes}) {
      t.block_k = bytes / p_.element;
      t.promote = p_.promote ? std::max(1, kPromoteBytes / bytes) : 0;
      if (bytes > kSpanBytes && p_.k < 4 * t.block_k) break;
      with_stages(t);
    }
  }

  // The ring takes all shared memory that one, two or more resident blocks leave to each.
  void with_stages(ContractionTiles t) {
    if (!tried_.insert(t).second) return;  // at a smaller tolerance
    const auto shared = [&](int stages) {
      t.stages = stages;
      return found_.estimate(t.to_program("cuda/wgmma")).shared_bytes;
    };
    const std::int64_t stage = shared(3) - shared(2), rest = shared(2) - 2 * stage;
    const std::int64_t steps = ceil_div(p_.k, t.block_k);
    const auto most = static_cast<int>(std::clamp<std::int64_t>(steps, 2, kMaxStages));
    std::set<int> depths;
    for (const int blocks : {1, 2, 3, 4}) {
      const std::int64_t each = std::min(hardware_.sm.shared_bytes_optin,
                                         hardware_.sm.shared_bytes / blocks - hardware_.sm.shared_bytes_reserved);
      const std::int64_t fits = (each - rest) / stage;
      if (fits >= 2) depths.insert(static_cast<int>(std::min<std::int64_t>(fits, most)));
    }
    for (const int depth : depths) {
      t.stages = depth;
      with_clusters(t);
    }
  }

  // Two blocks read one operand once where both have work.
  void with_clusters(ContractionTiles t) {
    for (const auto& [m, n] : {std::pair{2, 1}, std::pair{1, 2}, std::pair{1, 1}}) {
      if (m * n > 1 && (!tolerable(p_.m, t.block_m * m, t.block_m) ||
                        !tolerable(p_.n, t.block_n * n, t.block_n)))
        continue;
      t.cluster_m = m, t.cluster_n = n;
      with_scale_out(t);
    }
  }

  void with_scale_out(ContractionTiles t) {
    const Resources r = found_.estimate(t.to_program("cuda/wgmma"));
    const std::int64_t slots =
        rules::resident_blocks(hardware_, t.threads(), r.shared_bytes, r.registers);
    if (slots == 0 || !rules::shared_fits(hardware_, r.shared_bytes)) return;
    const std::int64_t blocks = ceil_div(p_.m, std::int64_t{t.block_m} * t.cluster_m) * t.cluster_m *
                                ceil_div(p_.n, std::int64_t{t.block_n} * t.cluster_n) * t.cluster_n *
                                p_.batch;
    const int cluster = t.cluster_m * t.cluster_n;
    t.raster = rules::raster_group(p_.m, t.block_m * t.cluster_m, t.block_n * t.cluster_n,
                                   slots / cluster);
    for (const int split : rules::split_k_choices(blocks, slots, p_.k, t.block_k, 4)) {
      t.split_k = split;
      propose(t, r, slots, blocks);
    }
    t.split_k = 1;
    if (!rules::stream_k_pays(blocks, slots, p_.k, t.block_k)) return;
    t.stream_k = 1;
    propose(t, r, slots, blocks);
  }

  void propose(const ContractionTiles& t, const Resources& r, std::int64_t slots,
               std::int64_t blocks) {
    if (found_.count() < kMaxCandidates)
      found_.propose(t.to_program("cuda/wgmma"), [&] { return reasons(t, r, slots, blocks); });
  }

  std::vector<RuleApplied> reasons(const ContractionTiles& t, const Resources& r,
                                   std::int64_t slots, std::int64_t blocks) const;

  const Hardware& hardware_;
  const Problem& p_;
  Proposals& found_;
  double epsilon_ = 0;
  std::set<ContractionTiles> tried_;
};

std::vector<RuleApplied> Builder::reasons(const ContractionTiles& t, const Resources& r,
                                          std::int64_t slots, std::int64_t blocks) const {
  const auto percent = [](double x) { return fmt::format("{:.1f} %", 100 * x); };
  const int rows = t.swap ? t.block_n : t.block_m, width = t.swap ? t.block_m : t.block_n;
  const int products = (t.swap ? t.warp_n : t.warp_m) / 16;
  std::vector<RuleApplied> out;
  if (t.swap)
    out.push_back({"swap", "padding_waste",
                   fmt::format("m = {} takes {} of the instruction's columns instead of 64 rows", p_.m, width)});
  out.push_back({t.swap ? "block_n" : "block_m", "instruction_shape",
                 fmt::format("{} warpgroups x {} products of 64 rows; {} of {} wasted", rows / 64 / products,
                             products, percent(rules::padding_waste(t.swap ? p_.n : p_.m, rows)),
                             t.swap ? "n" : "m")});
  out.push_back({t.swap ? "block_m" : "block_n", "instruction_shape",
                 fmt::format("wgmma is {} wide; {} sums per thread; {} of {} wasted, tolerance {}", width,
                             products * width / 2, percent(rules::padding_waste(t.swap ? p_.m : p_.n, width)),
                             t.swap ? "m" : "n", percent(epsilon_))});
  out.push_back({"block_m x block_n", "traffic_per_byte",
                 fmt::format("{:.0f} flop per byte that TMA loads",
                             2.0 / rules::tile_traffic(t.block_m * t.cluster_m, t.block_n * t.cluster_n,
                                                       p_.element, p_.element))});
  out.push_back({"block_k", "swizzle_span",
                 fmt::format("{} bytes of k, lines of {} are read without bank conflicts",
                             t.block_k * p_.element, kSpanBytes)});
  if (t.promote > 0)
    out.push_back({"promote", "accuracy",
                   fmt::format("tensor cores add 8-bit floats in some 14 bits: every {} of k are added in f32, "
                               "unless `accumulate: f16` asks for less", t.promote * t.block_k)});
  out.push_back({"stages", "shared_memory",
                 fmt::format("{} steps in flight, {} shared bytes of {}", t.stages, r.shared_bytes,
                             hardware_.sm.shared_bytes_optin)});
  if (t.tensor_store)
    out.push_back({"tensor_store", "overlap",
                   "rows of the output are multiples of 16 bytes apart: stores overlap with the next tile"});
  else
    out.push_back({"vector_c", "vector_multiple",
                   fmt::format("{} elements per store are aligned at every point", t.vector_c)});
  if (t.cluster_m * t.cluster_n > 1)
    out.push_back({"cluster_m, cluster_n", "multicast",
                   fmt::format("{} blocks read {} once", t.cluster_m * t.cluster_n,
                               t.cluster_m > 1 ? "b" : "a")});
  out.push_back(rules::scale_out_rule(t.stream_k != 0, t.split_k, blocks, slots));
  if (t.raster > 1)
    out.push_back({"raster", "square_wave",
                   fmt::format("{} rows of tiles before n advances: a wave covers a near-square", t.raster)});
  return out;
}

}  // namespace

std::vector<Constructed> ContractionWgmmaConstructor::construct(const Operator& op,
                                                                const Hardware& hardware,
                                                                int wanted,
                                                                std::string& why_not) const {
  const Canonicalised canonical = canonicalise_contraction(op);
  if (!canonical.form) {
    why_not = canonical.why_not;
    return {};
  }
  if (hardware.compute_capability != 90) {
    why_not = "wgmma needs sm_90a";
    return {};
  }
  Problem problem = describe(*canonical.form);
  Proposals found(emitter_, op, hardware);
  problem.tensor_store = !reads_like_output(*canonical.form) && takes_tensor_store(found, problem);
  Builder builder(hardware, problem, found);
  for (const double epsilon : kEpsilons) {
    builder.at_tolerance(epsilon);
    if (found.count() >= static_cast<std::size_t>(wanted)) break;
  }
  if (found.count() == 0) why_not = found.why_not();
  found.least_first([&](const TileProgram& program) {
    return rules::contraction_effort(ContractionTiles::from(program), {problem.m, problem.n, problem.k, problem.batch, canonical.form->a.type},
                                     found.estimate(program), hardware);
  });
  return found.take();
}

}  // namespace perftune
