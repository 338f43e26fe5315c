#include "codegen/cuda/row_legality.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/cuda/row_arguments.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr std::int64_t attempts = 32;          // larger extents to try until vectors are aligned

bool power_of_two(std::int64_t x) { return x > 0 && (x & (x - 1)) == 0; }
std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

bool reaches(const RowForm& form, const Access& access) {
  double low = static_cast<double>(access.base), high = low;
  for (const Group g : {Group::m, Group::k})
    for (std::size_t i = 0; i < access.strides(g).size(); ++i) {
      const auto& axes = g == Group::m ? form.rows() : form.columns();
      const double reach = static_cast<double>(access.strides(g)[i]) * static_cast<double>(axes[i].extent + 4096);
      (reach < 0 ? low : high) += reach;
    }
  return low < std::numeric_limits<std::int32_t>::min() || high > std::numeric_limits<std::int32_t>::max();
}

std::int64_t chunks_needed(const RowForm& form, const CudaRowTiles& t) {
  return ceil_div(form.column_count(), t.columns_per_step());
}

class Shrinker {
 public:
  Shrinker(const Operator& op, const CudaRowTiles& tiles) : op_(op), tiles_(tiles) {
    const auto full = canonicalise_rows(op);
    if (!full.form) std::abort();  // the caller's promise: `op` is a program over rows
    shape_ = shape_of(*full.form);
    rows_ = std::min(full.form->row_count(), tiles.rows_per_block() + tiles.rows_per_block() / 2 + 1);
    std::int64_t steps = tiles.held > 0 ? tiles.held - 1 : tiles.staged != 0 ? tiles.chunks - 1 : tiles.unroll + 1;
    std::int64_t columns = tiles.columns_per_step() * std::max<std::int64_t>(0, steps) * tiles.split + 1;
    columns_ = std::min(full.form->column_count(), columns);
  }

  Operator run() {
    Operator best = op_;
    Dims dims = op_.base_dims();
    for (auto& [name, value] : dims) {
      const std::int64_t full = value, first = least(dims, value), last = std::min(full, first + attempts);
      std::optional<Operator> found;
      for (value = first; value <= last && !found; value += found ? 0 : 1) {
        const auto candidate = at(dims);
        if (candidate && legal(*candidate)) found = candidate;
      }
      if (found)
        best = std::move(*found);
      else
        value = full;
    }
    return best;
  }

 private:
  // What of a form is structure: a smaller problem must not look different.
  static std::vector<std::size_t> shape_of(const RowForm& form) {
    return {form.rows().size(), form.columns().size(), form.reads.size(), form.reductions.size(),
            form.row_values.size(), form.elements.size(), form.constants.size(), form.outputs.size()};
  }
  std::optional<Operator> at(const Dims& dims) const {
    try {
      Operator candidate = op_.rebind(dims);
      const auto canonical = canonicalise_rows(candidate);
      if (!canonical.form || shape_of(*canonical.form) != shape_) return std::nullopt;
      if (canonical.form->row_count() < rows_ || canonical.form->column_count() < columns_) return std::nullopt;
      return candidate;
    } catch (const Error&) {  // a shape became empty
      return std::nullopt;
    }
  }
  bool legal(const Operator& op) const { return !bad_row_tiles(*canonicalise_rows(op).form, tiles_); }

  // Smallest value of the dimension behind `value` that is large enough, by bisection.
  std::int64_t least(const Dims& dims, std::int64_t& value) const {
    std::int64_t too_small = std::min<std::int64_t>(value, 3) - 1, enough = value;
    while (enough - too_small > 1) {
      value = too_small + (enough - too_small) / 2;
      (at(dims) ? enough : too_small) = value;
    }
    return enough;
  }

  const Operator& op_;
  const CudaRowTiles& tiles_;
  std::vector<std::size_t> shape_;
  std::int64_t rows_ = 1, columns_ = 1;
};

}  // namespace

std::optional<std::string> bad_row_tiles(const RowForm& form, const CudaRowTiles& t) {
  if (t.lanes < 0 || t.lanes > 1) return "lanes is 0 or 1";
  for (const std::int64_t x : {t.vector, t.row_threads, t.column_threads})
    if (!power_of_two(x)) return "vector, row_threads and column_threads are powers of two";
  if (t.vector > 16) return "vector is at most 16";
  if (t.threads() < 32 || t.threads() > 1024) return "a block has 32 to 1024 threads";
  if (t.unroll < 1 || t.unroll > 16 || t.held < 0 || t.held > 32 || t.split < 1 || t.split > 65535)
    return "unroll is 1 to 16, held up to 32, split up to 65535";
  if (t.staged < 0 || t.staged > 1 || (t.staged == 0) != (t.chunks == 0)) return "chunks goes with staged";
  if (t.staged != 0 && t.chunks % t.unroll != 0) return "chunks is a multiple of unroll";
  if (t.index_bits != 32 && t.index_bits != 64) return "index_bits is 32 or 64";
  if (t.held > 0 && t.unroll != 1) return "unroll is for chunks that are not held";
  const bool waits = t.held > 0 || t.staged != 0;
  if (t.held > 0 && t.staged != 0) return "chunks are held or staged";
  if (waits && t.lanes != 0) return "chunks wait between passes with lanes along columns only";
  if (waits && chunks_needed(form, t) > std::max(t.held, t.chunks))
    return words("{} columns do not fit {} chunks of {}", form.column_count(), std::max(t.held, t.chunks), t.columns_per_step());
  if (t.staged != 0 && cuda_row_kept(form, t).elements.empty() && cuda_row_kept(form, t).reads.empty())
    return "no pass uses anything again";
  if (t.split > 1 && (!form.is_reduction() || waits)) return "split needs a single pass without stored columns";
  if (t.index_bits == 32 && rows_need_64bit(form)) return "offsets exceed 32 bits";
  if (form.inexact_axis_numbers()) return "an index that enters a value exceeds what f32 holds";
  if (ceil_div(form.row_count(), t.rows_per_block()) > std::numeric_limits<std::int32_t>::max())
    return "more blocks than a grid has";
  return bad_row_vectors(form, t);
}

std::optional<std::string> bad_row_hardware(const RowForm& form, const CudaRowTiles& t,
                                            const Hardware& hardware) {
  if (hardware.kind != Hardware::Kind::gpu) return "needs a GPU";
  if (t.threads() > hardware.sm.max_threads_per_block) return "more threads than a block may have";
  if (cuda_row_shared(form, t).bytes > hardware.sm.shared_bytes_optin)
    return words("{} bytes of shared memory, {} available", cuda_row_shared(form, t).bytes, hardware.sm.shared_bytes_optin);
  const int registers = row_registers(form, t);
  const int available = std::min<int>(hardware.sm.max_registers_per_thread,
                                      hardware.sm.registers_per_block / static_cast<int>(t.threads()) / 8 * 8);
  if (registers > available) return words("needs about {} registers per thread, {} available", registers, available);
  for (const auto& output : form.outputs)
    if ((output.at.type == DType::f8e4m3 || output.at.type == DType::f8e5m2) && hardware.compute_capability < 89)
      return "8-bit floats are stored from sm_89 on";
  return std::nullopt;
}

bool rows_need_64bit(const RowForm& form) {
  constexpr std::int64_t limit = std::numeric_limits<std::int32_t>::max() - (1 << 20);
  if (form.row_count() > limit || form.column_count() > limit) return true;
  for (const RowAccess& read : form.reads) {
    if (reaches(form, read.at)) return true;
    for (const auto& load : read.loads)
      if (reaches(form, load.at) || load.stride > (1 << 20)) return true;
  }
  return std::any_of(form.outputs.begin(), form.outputs.end(),
                     [&](const auto& output) { return reaches(form, output.at); });
}

int row_registers(const RowForm& form, const CudaRowTiles& t) {
  const double value_words = static_cast<double>(size_bytes(form.value)) / 4;
  const double index_words = t.index_bits == 64 ? 2 : 1;
  const auto vector = static_cast<double>(t.vector);
  double waiting = 0, raw = 0;
  const CudaRowKept kept = cuda_row_kept(form, t);
  for (const int r : kept.reads)
    waiting += vector * static_cast<double>(size_bytes(form.reads[static_cast<std::size_t>(r)].at.type)) / 4;
  waiting += static_cast<double>(kept.elements.size()) * vector * value_words;
  for (const RowAccess& read : form.reads)
    if (read.indexed_by(Group::k)) raw += vector * static_cast<double>(size_bytes(read.at.type)) / 4;
  const double sums = static_cast<double>(std::max<std::size_t>(1, form.reductions.size())) * vector * value_words;
  const double held = t.held > 0 ? std::max(waiting, raw) * static_cast<double>(t.held) : raw * static_cast<double>(t.unroll);
  const double addresses = static_cast<double>(form.reads.size() + form.outputs.size()) * (index_words + 1);
  return static_cast<int>(20 + sums + held + addresses);
}

Operator shrink_rows(const Operator& op, const CudaRowTiles& tiles) { return Shrinker(op, tiles).run(); }

}  // namespace perftune
