#include "codegen/cuda/tensor_operand.hpp"

#include <algorithm>
#include <initializer_list>

#include "recipes/words.hpp"

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

// The widest swizzle of which a line is whole multiples.
int span_of(int line_bytes) {
  for (const int span : {128, 64, 32})
    if (line_bytes % span == 0) return span;
  return 16;
}

int batch_axes(const Access& access) {
  const auto& forms = access.forms(Group::batch);
  return static_cast<int>(std::count_if(forms.begin(), forms.end(),
                                        [](StrideForm f) { return f != StrideForm::absent; }));
}

// Strides that TMA does not take, of `access` along all groups but its contiguous axis.
std::optional<std::string> bad_pitch(const Contraction& form, const Access& access,
                                     std::initializer_list<Group> groups, const char* name) {
  if (access.base != 0) return words("{} starts inside its tensor", name);
  for (const Group group : groups)
    for (std::size_t i = 0; i < form.group(group).size(); ++i) {
      if (form.group(group)[i].extent > 0xffffffffLL) return words("{} is longer than 2^32", name);
      if (access.forms(group)[i] == StrideForm::unit) continue;
      const std::int64_t bytes =
          pitch(form, access, group, i, static_cast<int>(size_bytes(access.type)));
      if (bytes <= 0 || bytes % kTmaBytes != 0)
        return words("rows of {} are {} bytes apart: TMA takes multiples of {} (cuda/mma takes any)",
                           name, bytes, kTmaBytes);
    }
  return std::nullopt;
}

// All of a map but its box.
TensorMap whole_tensor(const Contraction& form, const Access& access, Group inner, Group outer) {
  const int element = static_cast<int>(size_bytes(access.type));
  TensorMap map;
  map.tensor = access.tensor;
  map.type = access.type;
  map.extents[0] = form.extent(inner);
  map.extents[1] = form.extent(outer);
  map.strides[0] = element;
  map.strides[1] = pitch(form, access, outer, 0, element);
  const auto& forms = access.forms(Group::batch);
  for (std::size_t i = forms.size(); i-- > 0;) {
    if (forms[i] == StrideForm::absent) continue;
    const auto d = static_cast<std::size_t>(map.rank++);
    map.extents[d] = form.group(Group::batch)[i].extent;
    map.strides[d] = pitch(form, access, Group::batch, i, element);
  }
  return map;
}

}  // namespace

std::optional<std::string> TensorOutput::bad_structure() const {
  if (form.group(Group::m).size() > 1 || form.group(Group::n).size() > 1 || batch_axes(form.c) > 1)
    return "the output has more axes than one tensor map of 3 dimensions";
  if (!unit(form.c, Group::n)) return "the output is not contiguous along n";
  return std::nullopt;
}

std::optional<std::string> TensorOutput::bad_strides() const {
  return bad_pitch(form, form.c, {Group::m, Group::n, Group::batch}, "c");
}

int TensorOutput::span_bytes() const {
  return span_of(width * static_cast<int>(size_bytes(form.c.type)));
}

TensorMap TensorOutput::map() const {
  TensorMap map = whole_tensor(form, form.c, Group::n, Group::m);
  map.box[0] = span_bytes() / static_cast<int>(size_bytes(form.c.type));
  map.box[1] = 16;
  map.swizzle_bytes = span_bytes() == 16 ? 0 : span_bytes();
  return map;
}

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
  if (!access_.bounds.empty()) return words("{} is padded: tensor copies of windows are not implemented", name);
  if (form_.group(rows_).size() > 1 || form_.group(Group::k).size() > 1)
    return words("{} has more than one axis of rows or of k: one tensor map cannot hold them",
                       name);
  if (batch_axes(access_) > 3)
    return words("{} has more than 5 dimensions", name);
  if (!along_k_ && !unit(access_, rows_)) return words("{} is contiguous in no direction", name);
  if (!along_k_ && element_ != 2)
    return words("{} is not contiguous along k: wgmma transposes 16-bit types only", name);
  return std::nullopt;
}

std::optional<std::string> TensorOperand::bad_strides() const {
  return bad_pitch(form_, access_, {rows_, Group::k, Group::batch}, rows_ == Group::m ? "a" : "b");
}

int TensorOperand::span_bytes() const { return span_of(line_bytes()); }

// A box no wider than the tensor would also do, but the tile's is the same at every shape.
TensorMap TensorOperand::map(int parts) const {
  TensorMap map = along_k_ ? whole_tensor(form_, access_, Group::k, rows_)
                           : whole_tensor(form_, access_, rows_, Group::k);
  map.box[0] = span_bytes() / element_;
  map.box[1] = lines_ / parts;
  map.swizzle_bytes = span_bytes() == 16 ? 0 : span_bytes();
  return map;
}

}  // namespace perftune
