#include "codegen/cuda/tensor_operand.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace perftune {
namespace {

constexpr std::int64_t kTmaBytes = 16;  // alignment of bases and strides (CUDA driver API, tensor maps)

bool unit(const Access& access, Group group) {
  return access.forms(group).back() == StrideForm::unit;
}

// Bytes from one point of a merged axis to the next. An axis of one point has none: any will do.
std::int64_t pitch(const Contraction& form, const Access& access, Group group, std::size_t axis,
                   int element) {
  if (form.group(group)[axis].extent == 1 || access.forms(group)[axis] == StrideForm::absent)
    return kTmaBytes;
  return access.strides(group)[axis] * element;
}

}  // namespace

TensorOperand::TensorOperand(const Contraction& form, const Access& access, Group rows,
                             int block_rows, int block_k)
    : form_(form),
      access_(access),
      rows_(rows),
      along_k_(unit(access, Group::k)),
      element_(static_cast<int>(size_bytes(access.type))),
      line_(along_k_ ? block_k : block_rows),
      lines_(along_k_ ? block_rows : block_k) {}

std::optional<std::string> TensorOperand::bad_structure() const {
  const char* name = rows_ == Group::m ? "a" : "b";
  if (!access_.bounds.empty()) return fmt::format("{} is padded: tensor copies of windows are not implemented", name);
  if (form_.group(rows_).size() > 1 || form_.group(Group::k).size() > 1)
    return fmt::format("{} has more than one axis of rows or of k: one tensor map cannot hold them",
                       name);
  const auto& batch = access_.forms(Group::batch);
  if (std::count_if(batch.begin(), batch.end(), [](StrideForm f) { return f != StrideForm::absent; }) > 3)
    return fmt::format("{} has more than 5 dimensions", name);
  if (!along_k_ && !unit(access_, rows_)) return fmt::format("{} is contiguous in no direction", name);
  if (!along_k_ && element_ != 2)
    return fmt::format("{} is not contiguous along k: wgmma transposes 16-bit types only", name);
  return std::nullopt;
}

std::optional<std::string> TensorOperand::bad_strides() const {
  const char* name = rows_ == Group::m ? "a" : "b";
  if (access_.base != 0) return fmt::format("{} starts inside its tensor", name);
  for (const Group group : {rows_, Group::k, Group::batch})
    for (std::size_t i = 0; i < form_.group(group).size(); ++i) {
      if (form_.group(group)[i].extent > 0xffffffffLL) return fmt::format("{} is longer than 2^32", name);
      if (access_.forms(group)[i] == StrideForm::unit) continue;
      const std::int64_t bytes = pitch(form_, access_, group, i, element_);
      if (bytes <= 0 || bytes % kTmaBytes != 0)
        return fmt::format("rows of {} are {} bytes apart: TMA takes multiples of {} (cuda/mma takes any)",
                           name, bytes, kTmaBytes);
    }
  return std::nullopt;
}

int TensorOperand::span_bytes() const {
  for (const int span : {128, 64, 32})
    if (line_bytes() % span == 0) return span;
  return 16;
}

TensorMap TensorOperand::map(int parts) const {
  const Group inner = along_k_ ? Group::k : rows_, outer = along_k_ ? rows_ : Group::k;
  TensorMap map;
  map.tensor = access_.tensor;
  map.type = access_.type;
  map.extents[0] = form_.extent(inner);
  map.extents[1] = form_.extent(outer);
  map.strides[0] = element_;
  map.strides[1] = pitch(form_, access_, outer, 0, element_);
  const auto& forms = access_.forms(Group::batch);
  for (std::size_t i = forms.size(); i-- > 0;) {
    if (forms[i] == StrideForm::absent) continue;
    const auto d = static_cast<std::size_t>(map.rank++);
    map.extents[d] = form_.group(Group::batch)[i].extent;
    map.strides[d] = pitch(form_, access_, Group::batch, i, element_);
  }
  // A box no wider than the tensor would also do, but the tile's is the same at every shape.
  map.box[0] = span_bytes() / element_;
  map.box[1] = lines_ / parts;
  map.swizzle_bytes = span_bytes() == 16 ? 0 : span_bytes();
  return map;
}

}  // namespace perftune
