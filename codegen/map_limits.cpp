// What the numbers of a canonical map mean: vectors, 32-bit addresses, tiles that transpose.
#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

#include "codegen/map.hpp"

namespace perftune {
namespace {

constexpr double kLargest32 = std::numeric_limits<std::int32_t>::max();

bool fits_32bit(const MapForm& form, const MapIndex& index) {
  double low = static_cast<double>(index.offset), high = low;
  for (std::size_t a = 0; a < form.extents.size(); ++a) {
    const double reach =
        static_cast<double>(index.coefficient[a]) * static_cast<double>(form.extents[a]);
    (reach < 0 ? low : high) += reach;
  }
  return low > -kLargest32 && high < kLargest32 &&
         std::all_of(index.atoms.begin(), index.atoms.end(), [&](const MapIndex::Atom& atom) {
           return fits_32bit(form, atom.operand[0]);
         });
}

}  // namespace

bool MapIndex::depends_on(std::size_t axis) const {
  return present[axis] || std::any_of(atoms.begin(), atoms.end(), [&](const Atom& atom) {
           return atom.operand[0].depends_on(axis);
         });
}

bool MapAccess::offset_varies(std::size_t axis) const { return offset.depends_on(axis); }

bool MapAccess::bounds_vary(std::size_t axis) const {
  return std::any_of(bounds.begin(), bounds.end(),
                     [&](const Bound& bound) { return bound.index.depends_on(axis); });
}

bool MapAccess::contiguous(std::size_t axis) const {
  return form[axis] == StrideForm::unit &&
         std::none_of(offset.atoms.begin(), offset.atoms.end(), [&](const MapIndex::Atom& atom) {
           return atom.operand[0].depends_on(axis);
         });
}

std::int64_t MapForm::points() const {
  return std::accumulate(extents.begin(), extents.end(), std::int64_t{1}, std::multiplies<>());
}

double MapForm::read_bytes(const Operator& op) const {
  // A tensor is read where the nest has distinct positions of it, at most whole.
  double total = 0;
  std::set<int> seen;
  const auto add = [&](int t, DType type, const MapIndex& index) {
    double positions = 1;
    for (std::size_t a = 0; a < extents.size(); ++a)
      if (index.depends_on(a)) positions *= static_cast<double>(extents[a]);
    const Tensor& tensor = op.tensors[static_cast<std::size_t>(t)];
    if (!seen.insert(t).second) return;
    total += std::min(positions, static_cast<double>(tensor.elements())) *
             static_cast<double>(size_bytes(type));
  };
  for (const MapAccess& read : reads) {
    add(read.tensor, read.type, read.offset);
    for (const MapIndex::Atom& atom : read.offset.atoms)
      if (atom.kind == Index::Atom::load) add(atom.tensor, atom.type, atom.operand[0]);
  }
  return total;
}

double MapForm::write_bytes(const Operator& op) const {
  double total = 0;
  for (const MapResult& result : results)
    total += static_cast<double>(op.tensors[static_cast<std::size_t>(result.access.tensor)].bytes());
  return total;
}

int map_vector_width(const MapForm& form, const MapAccess& access, int limit) {
  const std::size_t inner = form.inner();
  if (!access.contiguous(inner) || access.bounds_vary(inner)) return 1;
  std::int64_t common = std::gcd(access.offset.offset, form.extents[inner]);
  for (std::size_t a = 0; a < inner; ++a)
    if (form.extents[a] > 1) common = std::gcd(common, access.offset.coefficient[a]);
  for (const MapIndex::Atom& atom : access.offset.atoms) common = std::gcd(common, atom.factor);
  int width = 1;
  while (width * 2 <= limit && common % (width * 2) == 0) width *= 2;
  return width;
}

bool needs_64bit_index(const MapForm& form) {
  if (static_cast<double>(form.points()) >= kLargest32) return true;
  for (const MapResult& result : form.results)
    if (!fits_32bit(form, result.access.offset)) return true;
  // A read stays inside its tensor or behind a bound, whatever its divisions and index tensors say.
  for (const MapAccess& read : form.reads)
    if (!fits_32bit(form, read.offset) || static_cast<double>(read.elements) >= kLargest32) return true;
  return false;
}

bool crosses(const MapForm& form, const MapAccess& access, std::size_t axis) {
  const std::size_t inner = form.inner();
  return axis != inner && access.contiguous(axis) && access.form[inner] == StrideForm::run_time &&
         std::none_of(access.offset.atoms.begin(), access.offset.atoms.end(),
                      [&](const MapIndex::Atom& atom) { return atom.operand[0].depends_on(inner); }) &&
         !access.bounds_vary(axis) && !access.bounds_vary(inner);
}

std::vector<std::size_t> crossing_axes(const MapForm& form) {
  std::vector<std::size_t> axes;
  for (std::size_t a = 0; a + 1 < form.extents.size(); ++a)
    if (std::any_of(form.reads.begin(), form.reads.end(),
                    [&](const MapAccess& read) { return crosses(form, read, a); }))
      axes.push_back(a);
  return axes;
}

MapForm require_map(const Operator& op) {
  auto canonical = canonicalise_map(op);
  if (!canonical.form) std::abort();  // callers ask illegal() first
  return *std::move(canonical.form);
}

}  // namespace perftune
