#include "codegen/contraction.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "codegen/affine_access.hpp"
#include "codegen/contraction_match.hpp"
#include "codegen/contraction_merge.hpp"
#include "recipes/stable_order.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr std::size_t at(Group g) { return static_cast<std::size_t>(g); }

std::string describe(const Operator& op, const Statement& statement) {
  const std::string& output = op.tensors[static_cast<std::size_t>(statement.output)].name;
  if (statement.where.line == 0) return words("the statement for {}", output);
  return words("the statement for {} ({}:{})", output, statement.where.file,
                     statement.where.line);
}

using Groups = std::array<std::vector<int>, 4>;  // statement axes by Group

// Outermost first in `primary`; axes that it lacks come before, in the order of `secondary`.
void sort_by(std::vector<int>& axes, const AffineAccess& primary, const AffineAccess& secondary) {
  const auto key = [&](int axis) {
    return std::tuple(primary.last_dimension(axis), -primary.last_coefficient(axis),
                      secondary.last_dimension(axis), -secondary.last_coefficient(axis));
  };
  sort_stably(axes.begin(), axes.end(), [&](int x, int y) { return key(x) < key(y); });
}

// The axis along which neighbouring output elements lie.
int innermost_axis(const AffineAccess& c, std::vector<int> spatial) {
  if (spatial.empty()) return -1;
  sort_by(spatial, c, c);
  return spatial.back();
}

std::vector<GroupAxis> merge(const std::vector<int>& axes, const Statement& statement,
                             const std::vector<const AffineAccess*>& accesses) {
  std::vector<GroupAxis> merged;
  for (const int axis : axes) {
    const std::int64_t extent = statement.axes[static_cast<std::size_t>(axis)].extent;
    const bool nests =
        !merged.empty() &&
        std::all_of(accesses.begin(), accesses.end(), [&](const AffineAccess* access) {
          return access->merges(merged.back().axes.back(), axis);
        });
    if (nests) {
      merged.back().extent *= extent;
      merged.back().axes.push_back(axis);
    } else {
      merged.push_back({extent, {axis}});
    }
  }
  if (merged.empty()) merged.push_back({});
  return merged;
}

// Distinct reads in the epilogue; false when it uses what is no read of an input.
bool collect_extras(const Operator& op, const ExprPtr& e, std::vector<ExprPtr>& reads,
                    std::string& why_not) {
  if (e->kind == Expr::Kind::axis) {
    why_not = "its epilogue uses the value of an axis";
    return false;
  }
  if (e->kind == Expr::Kind::read) {
    const Tensor& tensor = op.tensors[static_cast<std::size_t>(e->tensor)];
    if (tensor.role != Tensor::Role::input) {
      why_not = words("its epilogue reads {}, which is not an input", tensor.name);
      return false;
    }
    const bool known =
        std::any_of(reads.begin(), reads.end(), [&](const ExprPtr& read) { return same(read, e); });
    if (!known) reads.push_back(e);
    return true;
  }
  return std::all_of(e->args.begin(), e->args.end(),
                     [&](const ExprPtr& arg) { return collect_extras(op, arg, reads, why_not); });
}

class Canonicaliser {
 public:
  Canonicaliser(const Operator& op, const Statement& statement) : op_(op), statement_(statement) {}

  std::string why_not;

  std::optional<Contraction> run() {
    auto match = match_contraction(op_, statement_, why_not);
    if (!match) return std::nullopt;
    const auto first = access(match->factors[0].read);
    const auto second = first ? access(match->factors[1].read) : std::nullopt;
    const auto c =
        second ? AffineAccess::make(op_, statement_, statement_.output, statement_.indices, why_not)
               : std::nullopt;
    if (!c) return std::nullopt;

    Contraction form;
    std::vector<AffineAccess> extras;
    if (!collect_extras(op_, match->epilogue, form.extra_reads, why_not)) return std::nullopt;
    for (const ExprPtr& read : form.extra_reads) {
      auto extra = access(read);
      if (!extra) return std::nullopt;
      extras.push_back(std::move(*extra));
    }

    const std::vector<int> spatial = spatial_axes();
    for (const int axis : spatial) {
      if (c->indexed_by(axis)) continue;
      why_not = words("its axis {} does not index the output", axis_name(axis));
      return std::nullopt;
    }
    // n holds the output's innermost axis, and n indexes B.
    const int innermost = innermost_axis(*c, spatial);
    const bool swap =
        innermost >= 0 && first->indexed_by(innermost) && !second->indexed_by(innermost);
    const AffineAccess& a = swap ? *second : *first;
    const AffineAccess& b = swap ? *first : *second;

    const Groups axes = group_axes(spatial, match->reduced, a, b, *c);
    std::vector<const AffineAccess*> all{&a, &b, &*c};
    for (const AffineAccess& extra : extras) all.push_back(&extra);
    for (const Group g : all_groups) {
      form.groups[at(g)] = merge(axes[at(g)], statement_, all);
    }
    form.accumulate = op_.accumulate;
    form.epilogue = std::move(match->epilogue);
    form.a = a.over(form.groups, match->factors[swap ? 1 : 0].type);
    form.b = b.over(form.groups, match->factors[swap ? 0 : 1].type);
    form.c = c->over(form.groups, tensor(statement_.output).type);
    for (std::size_t i = 0; i < extras.size(); ++i) {
      const DType type = tensor(form.extra_reads[i]->tensor).type;
      form.extra.push_back(extras[i].over(form.groups, type));
    }
    return form;
  }

 private:
  const Tensor& tensor(int position) const {
    return op_.tensors[static_cast<std::size_t>(position)];
  }
  const std::string& axis_name(int axis) const {
    return statement_.axes[static_cast<std::size_t>(axis)].name;
  }

  std::optional<AffineAccess> access(const ExprPtr& read) {
    return AffineAccess::make(op_, statement_, read->tensor, read->indices, why_not);
  }

  std::vector<int> spatial_axes() const {
    std::vector<int> spatial;
    for (std::size_t i = 0; i < statement_.axes.size(); ++i) {
      if (!statement_.axes[i].reduction) spatial.push_back(static_cast<int>(i));
    }
    return spatial;
  }

  static Groups group_axes(const std::vector<int>& spatial, const std::vector<int>& reduced,
                           const AffineAccess& a, const AffineAccess& b, const AffineAccess& c) {
    Groups groups;
    for (const int axis : spatial) {
      const bool in_a = a.indexed_by(axis);
      const bool in_b = b.indexed_by(axis);
      groups[at(in_a == in_b ? Group::batch : in_a ? Group::m : Group::n)].push_back(axis);
    }
    groups[at(Group::k)] = reduced;
    for (const Group g : {Group::batch, Group::m, Group::n}) sort_by(groups[at(g)], c, c);
    const bool b_first = !a.contiguous_along(reduced) && b.contiguous_along(reduced);
    sort_by(groups[at(Group::k)], b_first ? b : a, b_first ? a : b);
    return groups;
  }

  const Operator& op_;
  const Statement& statement_;
};

}  // namespace

std::int64_t Access::Wide::elements() const {
  std::int64_t product = 1;
  for (const Level& level : levels) product *= level.wide;
  return product;
}

bool Access::Wide::inside() const {
  return std::all_of(levels.begin(), levels.end(), [](const Level& level) {
    return level.low >= 0 && level.low + level.wide <= level.extent;
  });
}

std::int64_t Contraction::extent(Group g) const {
  std::int64_t product = 1;
  for (const GroupAxis& axis : group(g)) product *= axis.extent;
  return product;
}

std::int64_t Contraction::divisor(Group g, std::size_t axis) const {
  std::int64_t product = 1;
  for (std::size_t i = axis + 1; i < group(g).size(); ++i) product *= group(g)[i].extent;
  return product;
}

Canonicalised canonicalise_contraction(const Operator& op) {
  if (op.statements.size() > 1) {
    if (const auto merged = merged_contraction(op)) {
      Canonicaliser canonicaliser(op, *merged);
      if (auto form = canonicaliser.run()) return {std::move(form), {}};
      return {std::nullopt, words("{} is no contraction: {}", describe(op, *merged), canonicaliser.why_not)};
    }
  }
  if (op.statements.size() != 1) {
    return {std::nullopt, op.statements.empty()
                              ? "the operator has no statement"
                              : words("{} is one of {} statements, a contraction has one",
                                            describe(op, op.statements[0]), op.statements.size())};
  }
  Canonicaliser canonicaliser(op, op.statements[0]);
  auto form = canonicaliser.run();
  if (form) return {std::move(form), {}};
  return {std::nullopt, words("{} is no contraction: {}", describe(op, op.statements[0]),
                                    canonicaliser.why_not)};
}

}  // namespace perftune
