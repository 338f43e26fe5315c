#include "tuner/construct/row_gpu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/cuda/row_legality.hpp"
#include "codegen/cuda/row_tiles.hpp"
#include "tuner/construct/alignment_rules.hpp"
#include "tuner/construct/gpu_default.hpp"
#include "tuner/construct/operand_reuse.hpp"
#include "tuner/construct/proposals.hpp"

namespace perftune {
namespace {

constexpr std::int64_t preferred_threads = 256;  // of a block that has the choice

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// The programs of one form, with the offsets that it needs.
class Collection {
 public:
  Collection(const Operator& op, const RowForm& form, const Hardware& hardware,
             const Emitter& emitter)
      : form_(form),
        hardware_(hardware),
        family_(row_family(form)),
        wide_(rows_need_64bit(form)),
        found(emitter, op, hardware) {}

  template <class Rules>
  void add(CudaRowTiles tiles, const Rules& rules) {
    if (wide_) tiles.index_bits = 64;
    found.propose(tiles.to_program(family_), [&] {
      std::vector<RuleApplied> all = rules();
      if (wide_) all.push_back({"index_bits", "wide_offsets", "some offset exceeds 31 bits"});
      return all;
    });
  }
  const Hardware& hardware() const { return hardware_; }
  const RowForm& form() const { return form_; }

 private:
  const RowForm& form_;
  const Hardware& hardware_;
  const std::string family_;
  const bool wide_;

 public:
  Proposals found;
};

// Bytes of the widest type that moves along the lanes: 16-byte loads of it.
std::int64_t widest_vector(const RowForm& form, Group lanes) {
  std::size_t bytes = 1;
  const auto note = [&](const Access& access) {
    if (access.forms(lanes).back() == StrideForm::unit) bytes = std::max(bytes, size_bytes(access.type));
  };
  for (const RowAccess& read : form.reads) note(read.at);
  for (const auto& output : form.outputs) note(output.at);
  return std::min<std::int64_t>(8, rules::kVectorBytes / static_cast<std::int64_t>(bytes));
}

// Bytes per point that are contiguous along the lanes, less those that are scattered.
double contiguous_bytes(const RowForm& form, Group lanes) {
  double bytes = 0;
  const auto note = [&](const Access& access) {
    const auto size = static_cast<double>(size_bytes(access.type));
    const StrideForm f = access.forms(lanes).back();
    bytes += f == StrideForm::unit ? size : f == StrideForm::run_time ? -size : 0;
  };
  for (const RowAccess& read : form.reads)
    if (read.indexed_by(Group::k)) note(read.at);
  for (const auto& output : form.outputs)
    if (output.by_columns) note(output.at);
  return bytes;
}

// How far apart neighbours along the lanes lie, in elements, where that is most.
double spread(const RowForm& form, Group lanes) {
  std::int64_t most = 1;
  for (const RowAccess& read : form.reads)
    if (read.indexed_by(Group::k)) most = std::max(most, std::abs(read.at.strides(lanes).back()));
  return static_cast<double>(most);
}

std::vector<std::int64_t> vectors_down_from(std::int64_t widest) {
  std::vector<std::int64_t> all;
  for (std::int64_t v = widest; v >= 1; v /= 2) all.push_back(v);
  return all;
}

// Parts of the columns for a grid of `blocks` that leaves SMs idle.
std::vector<std::int64_t> splits(const Collection& c, std::int64_t blocks, std::int64_t steps) {
  std::vector<std::int64_t> all{1};
  if (!c.form().is_reduction()) return all;
  for (const std::int64_t per_sm : {2, 4, 8}) {
    const std::int64_t wanted = std::min(c.hardware().sms * per_sm / std::max<std::int64_t>(1, blocks), steps / 4);
    if (wanted > 1 && blocks < 2L * c.hardware().sms) all.push_back(std::min<std::int64_t>(wanted, 1024));
  }
  return all;
}

RuleApplied lanes_rule(const Collection& c, Group lanes) {
  return {"lanes", "coalesced_axis",
          fmt::format("neighbouring threads along {}: {:g} bytes per point contiguous there, {:g} the other way",
                      lanes == Group::m ? "rows" : "columns", contiguous_bytes(c.form(), lanes),
                      contiguous_bytes(c.form(), lanes == Group::m ? Group::k : Group::m))};
}
RuleApplied vector_rule(std::int64_t vector) {
  return {"vector", "vector_load", fmt::format("{} elements per load: what {}-byte loads and the operands' alignment allow", vector, rules::kVectorBytes)};
}

void add_along_columns(Collection& into) {
  const RowForm& form = into.form();
  const std::int64_t columns = form.column_count();
  for (const std::int64_t vector : vectors_down_from(widest_vector(form, Group::k))) {
    const std::int64_t chunks = ceil_div(columns, vector);
    for (const std::int64_t threads : {32, 8, 4, 16, 64, 128, 256, 512, 1024, 1}) {
      if (threads > rules::power_of_two_at_least(chunks) && threads > 1) continue;
      if (threads < 32 && chunks > 16 * threads) continue;
      const std::int64_t row_threads = std::max<std::int64_t>(1, std::max<std::int64_t>(32, threads < 256 ? preferred_threads / 2 : 0) / threads);
      if (row_threads > 1 && threads >= 32 && row_threads > rules::power_of_two_at_least(form.row_count())) continue;
      const std::int64_t needed = ceil_div(chunks, threads);
      const RuleApplied share{"row_threads column_threads", "threads_per_row",
                              fmt::format("{} threads take {} chunks of a row of {} columns, {} rows per block", threads, needed, columns, row_threads)};
      CudaRowTiles t;
      t.vector = vector, t.row_threads = row_threads, t.column_threads = threads;
      if (form.passes() > 1 && needed <= 16) {
        t.held = needed;
        into.add(t, [&]() -> std::vector<RuleApplied> {
          return {lanes_rule(into, Group::k),
                  vector_rule(vector),
                  share,
                  {"held", "row_in_registers",
                   fmt::format("{} chunks per thread wait between {} passes: one read of memory",
                               needed, form.passes())}};
        });
        t.held = 0;
      }
      if (form.passes() > 1 && threads >= 128 && needed > 2) {
        t.staged = 1, t.unroll = 2, t.chunks = ceil_div(needed, 2) * 2, t.row_threads = 1;
        into.add(t, [&]() -> std::vector<RuleApplied> {
          return {lanes_rule(into, Group::k),
                  vector_rule(vector),
                  share,
                  {"staged", "row_in_shared_memory",
                   fmt::format("{} chunks per thread wait in shared memory: one read of memory",
                               t.chunks)}};
        });
        t.staged = 0, t.chunks = 0, t.row_threads = row_threads;
      }
      for (const std::int64_t unroll : {4, 2, 8, 1}) {
        if (unroll > std::max<std::int64_t>(1, needed)) continue;
        t.unroll = unroll;
        const std::int64_t blocks = ceil_div(form.row_count(), t.rows_per_block());
        for (const std::int64_t split : splits(into, blocks, needed)) {
          t.split = split;
          into.add(t, [&]() -> std::vector<RuleApplied> {
            return {lanes_rule(into, Group::k),
                    vector_rule(vector),
                    share,
                    {"unroll", "loads_in_flight",
                     fmt::format("{} loads per thread cover the memory latency", unroll)},
                    {"split", "scale_out",
                     split > 1 ? fmt::format("{} blocks would leave {} SMs idle", blocks,
                                             into.hardware().sms)
                               : "enough rows for every SM"}};
          });
        }
        t.split = 1;
      }
    }
  }
}

void add_along_rows(Collection& into) {
  const RowForm& form = into.form();
  for (const std::int64_t vector : vectors_down_from(widest_vector(form, Group::m)))
    for (const std::int64_t row_threads : {32, 64, 128, 16, 8, 256})
      for (const std::int64_t column_threads : {1, 4, 8, 16, 32}) {
        const std::int64_t threads = row_threads * column_threads;
        if (threads < 32 || threads > 512 || column_threads > form.column_count()) continue;
        if (row_threads * vector > 4 * rules::power_of_two_at_least(form.row_count())) continue;
        for (const std::int64_t unroll : {4, 1, 2, 8}) {
          CudaRowTiles t;
          t.lanes = 1, t.vector = vector, t.row_threads = row_threads, t.column_threads = column_threads;
          t.unroll = unroll;
          const std::int64_t needed = ceil_div(form.column_count(), column_threads);
          if (unroll > needed) continue;
          const std::int64_t blocks = ceil_div(form.row_count(), t.rows_per_block());
          for (const std::int64_t split : splits(into, blocks, needed)) {
            t.split = split;
            into.add(t, [&]() -> std::vector<RuleApplied> {
              return {lanes_rule(into, Group::m),
                      vector_rule(vector),
                      {"row_threads column_threads", "threads_per_row",
                       fmt::format("{} rows per block, {} threads share a row's {} columns",
                                   t.rows_per_block(), column_threads, form.column_count())},
                      {"unroll", "loads_in_flight",
                       fmt::format("{} columns per thread at a time", unroll)},
                      {"split", "scale_out",
                       split > 1 ? fmt::format("{} blocks would leave {} SMs idle", blocks,
                                               into.hardware().sms)
                                 : "enough rows for every SM"}};
            });
          }
        }
      }
}

}  // namespace

std::vector<Constructed> RowGpuConstructor::construct(const Operator& op, const Hardware& hardware,
                                                      int, std::string& why_not) const {
  if (const auto why = better_contracted(op)) {
    why_not = *why;
    return {};
  }
  const auto canonical = canonicalise_rows(op);
  if (!canonical.form) {
    why_not = canonical.why_not;
    return {};
  }
  const RowForm& form = *canonical.form;
  if (row_family(form) != family()) {
    why_not = fmt::format("the operator belongs to the {} family", row_family(form));
    return {};
  }
  Collection found(op, form, hardware, emitter_);
  const bool columns_first = contiguous_bytes(form, Group::k) >= contiguous_bytes(form, Group::m);
  if (columns_first) add_along_columns(found);
  if (!columns_first || form.column_count() <= 64) add_along_rows(found);
  if (!columns_first && found.found.count() == 0) add_along_columns(found);
  if (found.found.count() == 0) why_not = found.found.why_not();
  found.found.least_first([&](const TileProgram& program) {
    const CudaRowTiles tiles = CudaRowTiles::from(program);
    return rules::row_effort(tiles, form, spread(form, tiles.lanes != 0 ? Group::m : Group::k), hardware);
  });
  return found.found.take();
}

}  // namespace perftune
