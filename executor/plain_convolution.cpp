#include "executor/plain_convolution.hpp"

#include <algorithm>
#include <map>

#include "codegen/contraction.hpp"

namespace perftune {
namespace {

// The subscripts of every tensor that the statement reads once; of those read twice none.
void reads_of(const ExprPtr& e, std::map<int, std::vector<const std::vector<Index>*>>& found) {
  if (e->kind == Expr::Kind::read) found[e->tensor].push_back(&e->indices);
  for (const ExprPtr& arg : e->args) reads_of(arg, found);
}

// A subscript of a few axes: coefficient and axis each. nullopt: it holds something else.
struct Term {
  std::int64_t coefficient;
  int axis;
};
std::optional<std::vector<Term>> terms_of(const Index& index) {
  std::vector<Term> terms;
  for (const Index::Term& term : index.terms) {
    if (term.atom != Index::Atom::axis) return std::nullopt;
    terms.push_back({term.coefficient, term.axis});
  }
  return terms;
}

bool has(const std::vector<Index>& indices, int axis) {
  return std::ranges::any_of(indices, [&](const Index& index) { return index.coefficient(axis) != 0; });
}

class Reader {
 public:
  Reader(const Operator& op, const Contraction& form) : op_(op), form_(form), statement_(op.statements[0]) {}

  std::optional<PlainConvolution> read(std::string& why_not) {
    std::map<int, std::vector<const std::vector<Index>*>> reads;
    reads_of(statement_.value, reads);
    // The operand with windows is the image; canonical forms name either A.
    for (const auto& [image, weight] : {std::pair(form_.a.tensor, form_.b.tensor), std::pair(form_.b.tensor, form_.a.tensor)}) {
      if (reads[image].size() != 1 || reads[weight].size() != 1) continue;
      x_ = reads[image].front();
      w_ = reads[weight].front();
      found_ = {};
      found_.x = image;
      found_.w = weight;
      found_.y = statement_.output;
      if (image_dims() && output_dims() && weight_dims()) {
        if (!symmetric()) {
          why_not = "its padding differs before and behind: libraries pad both sides alike";
          return std::nullopt;
        }
        return found_;
      }
    }
    why_not = "no convolution over an image and filters that libraries take";
    return std::nullopt;
  }

 private:
  const Axis& axis(int at) const { return statement_.axes[static_cast<std::size_t>(at)]; }
  const Tensor& tensor(int at) const { return op_.tensors[static_cast<std::size_t>(at)]; }

  // c, or g * cg + i, where g also chooses among the filters; either part may be missing.
  bool channels(const std::vector<Term>& terms, std::int64_t extent) {
    for (const Term& term : terms) {
      if (!has(*w_, term.axis)) return false;
      (axis(term.axis).reduction ? channel_ : group_) = term.axis;
    }
    found_.channels = extent;
    found_.groups = group_ < 0 ? 1 : axis(group_).extent;
    const std::int64_t per_group = channel_ < 0 ? 1 : axis(channel_).extent;
    if (found_.groups * per_group != extent) return false;
    return std::ranges::all_of(terms, [&](const Term& t) { return t.coefficient == (t.axis == group_ ? per_group : 1); });
  }

  bool window(const std::vector<Term>& terms, std::int64_t offset, std::int64_t extent, std::int64_t step) {
    PlainConvolution::Window one;
    int place = -1, tap = -1;
    for (const Term& term : terms) (axis(term.axis).reduction ? tap : place) = term.axis;
    if (place < 0 || tap < 0 || !has(*w_, tap) || has(*w_, place) || offset > 0) return false;
    for (const Term& term : terms) (term.axis == tap ? one.dilation : one.stride) = term.coefficient;
    if (one.stride < 1 || one.dilation < 1) return false;
    one.in = extent;
    one.out = axis(place).extent;
    one.taps = axis(tap).extent;
    one.pad = -offset;
    one.in_stride = step;
    found_.windows.push_back(one);
    places_.push_back(place);
    taps_.push_back(tap);
    return true;
  }

  bool image_dims() {
    batch_ = channel_ = group_ = -1;
    places_.clear();
    taps_.clear();
    bool saw_channels = false;
    const Tensor& t = tensor(found_.x);
    const auto strides = t.strides();
    for (std::size_t d = 0; d < x_->size(); ++d) {
      const auto terms = terms_of((*x_)[d]);
      if (!terms || terms->empty() || terms->size() > 2) return false;
      const Term& first = terms->front();
      const bool plain = terms->size() == 1 && first.coefficient == 1 && (*x_)[d].offset == 0;
      if (plain && batch_ < 0 && !axis(first.axis).reduction && !has(*w_, first.axis)) {
        batch_ = first.axis;
        found_.batch = t.shape[d];
        found_.x_batch_stride = strides[d];
      } else if (terms->size() == 2 && window(*terms, (*x_)[d].offset, t.shape[d], strides[d])) {
        continue;
      } else if (!saw_channels && (*x_)[d].offset == 0 && channels(*terms, t.shape[d])) {
        saw_channels = true;
        found_.x_channel_stride = strides[d];
      } else {
        return false;
      }
    }
    const bool padded = std::ranges::any_of(found_.windows, [](const auto& one) { return one.pad > 0; });
    return batch_ >= 0 && saw_channels && !found_.windows.empty() && found_.windows.size() <= 3 &&
           (!padded || t.pad.value_or(0) == 0);
  }

  // Which of the output's dimensions holds `wanted` alone.
  int output_dim(int wanted) const {
    for (std::size_t d = 0; d < statement_.indices.size(); ++d) {
      const auto terms = terms_of(statement_.indices[d]);
      if (terms && terms->size() == 1 && terms->front().axis == wanted && terms->front().coefficient == 1)
        return static_cast<int>(d);
    }
    return -1;
  }

  bool output_dims() {
    const Tensor& t = tensor(found_.y);
    const auto strides = t.strides();
    std::vector<bool> seen(t.shape.size(), false);
    const auto take = [&](int wanted, std::int64_t& stride) {
      const int d = output_dim(wanted);
      if (d < 0) return false;
      seen[static_cast<std::size_t>(d)] = true;
      stride = strides[static_cast<std::size_t>(d)];
      return true;
    };
    if (!take(batch_, found_.y_batch_stride)) return false;
    for (std::size_t i = 0; i < places_.size(); ++i)
      if (!take(places_[i], found_.windows[i].out_stride)) return false;
    if (std::ranges::count(seen, false) != 1) return false;
    const auto d = static_cast<std::size_t>(std::ranges::find(seen, false) - seen.begin());
    found_.filters = t.shape[d];
    found_.y_filter_stride = strides[d];
    filter_dim_ = &statement_.indices[d];
    const auto terms = terms_of(*filter_dim_);
    return terms && std::ranges::all_of(*terms, [&](const Term& term) { return has(*w_, term.axis); });
  }

  // f (spelt as in the output), then c and the window in either order; no c dimension where c is 1.
  bool weight_dims() {
    const std::size_t dims = w_->size();
    if (dims < 1 || !((*w_)[0] == *filter_dim_)) return false;
    std::vector<int> rest;
    for (std::size_t d = 1; d < dims; ++d) {
      const auto terms = terms_of((*w_)[d]);
      if (!terms || terms->size() != 1 || terms->front().coefficient != 1 || (*w_)[d].offset != 0) return false;
      rest.push_back(terms->front().axis);
    }
    std::vector<int> first = taps_, last = taps_;
    if (channel_ >= 0) {
      first.insert(first.begin(), channel_);
      last.push_back(channel_);
    }
    found_.channels_last = rest != first;
    return rest == first || rest == last;
  }

  bool symmetric() const {
    return std::ranges::all_of(found_.windows, [](const auto& one) {
      return (one.in + 2 * one.pad - (one.dilation * (one.taps - 1) + 1)) / one.stride + 1 == one.out;
    });
  }

  const Operator& op_;
  const Contraction& form_;
  const Statement& statement_;
  PlainConvolution found_;
  const std::vector<Index>* x_ = nullptr;
  const std::vector<Index>* w_ = nullptr;
  const Index* filter_dim_ = nullptr;
  int batch_ = -1, channel_ = -1, group_ = -1;
  std::vector<int> places_, taps_;
};

}  // namespace

std::optional<PlainConvolution> plain_convolution(const Operator& op, std::string& why_not) {
  const Canonicalised canonical = canonicalise_contraction(op);
  if (!canonical.form || op.statements.size() != 1) {
    why_not = "no convolution" + (canonical.form ? std::string() : ": " + canonical.why_not);
    return std::nullopt;
  }
  auto found = Reader(op, *canonical.form).read(why_not);
  if (!found) return std::nullopt;
  found->accumulate = canonical.form->accumulate;
  // Filters are one axis of one group, whichever operand the form calls A.
  std::string why_not_n, why_not_m;
  auto after = fused_epilogue(*canonical.form, Group::n, why_not_n);
  if (!after) after = fused_epilogue(*canonical.form, Group::m, why_not_m);
  if (!after) {
    why_not = why_not_n;
    return std::nullopt;
  }
  if (after->bias >= 0 && op.tensors[static_cast<std::size_t>(after->bias)].elements() != found->filters) {
    why_not = "its bias is not one per filter";
    return std::nullopt;
  }
  found->bias = after->bias;
  found->activation = after->activation;
  return found;
}

}  // namespace perftune
