#include "recipes/axis_inference.hpp"

#include <algorithm>
#include <string>

#include "recipes/words.hpp"

namespace perftune {

AxisInference::AxisInference(const SyntaxStatement& text, const StatementContext& context)
    : context_(context) {
  for (const Syntax& subscript : text.left.children) collect_left(subscript);
  for (std::size_t i = 0; i < left_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (left_[i]->text == left_[j]->text)
        reject(left_[i]->offset,
               words("the index '{}' is used twice", left_[i]->text),
               "every subscript of the left side needs its own index");
  collect_alone(text.left);
  collect_alone(text.right);
}

// Words of a sum are axes. A product has one index: its first word, unless that is a dimension and
// the second is not.
void AxisInference::collect_left(const Syntax& node) {
  if (node.kind == Syntax::Kind::number) return;
  if (node.kind == Syntax::Kind::word) {
    if (is_reserved_word(node.text))
      reject(node.offset, words("'{}' is a function, not an index", node.text));
    left_.push_back(&node);
    return;
  }
  const bool apply = node.kind == Syntax::Kind::apply;
  if (apply && node.function == Function::add) {
    for (const Syntax& child : node.children) collect_left(child);
    return;
  }
  if (!apply || node.function != Function::multiply)
    reject(node.offset, "a subscript on the left side must be affine in fresh indices",
           "write plain indices such as C[m, n]");
  const Syntax& first = node.children[0];
  const Syntax& second = node.children[1];
  const auto is_dim = [&](const Syntax& word) { return context_.dims.count(word.text) != 0; };
  const bool second_is_index = second.kind == Syntax::Kind::word && !is_dim(second) &&
                               (first.kind != Syntax::Kind::word || is_dim(first));
  collect_left(second_is_index ? second : first);
}

// Visits every subscript: where a word stands alone, the tensor's extent is the axis's.
void AxisInference::collect_alone(const Syntax& node) {
  if (node.kind == Syntax::Kind::reduce)
    for (const Syntax::Name& axis : node.names) reduced_.push_back(axis.text);
  if (node.kind == Syntax::Kind::subscript) {
    for (std::size_t t = 0; t < context_.tensors.size(); ++t) {
      const Tensor& tensor = context_.tensors[t];
      if (tensor.name != node.text || !context_.shaped[t]) continue;
      for (std::size_t d = 0; d < std::min(node.children.size(), tensor.shape.size()); ++d)
        if (node.children[d].kind == Syntax::Kind::word)
          note(node.children[d], tensor.shape[d], tensor.name);
    }
  }
  for (const Syntax& child : node.children) collect_alone(child);
}

void AxisInference::note(const Syntax& word, std::int64_t extent, std::string_view tensor) {
  if (context_.dims.count(word.text) != 0) return;
  const bool left = std::any_of(left_.begin(), left_.end(),
                                [&](const Syntax* axis) { return axis->text == word.text; });
  if (!left && std::find(reduced_.begin(), reduced_.end(), word.text) == reduced_.end()) return;
  for (const Known& known : known_) {
    if (known.name != word.text) continue;
    if (known.extent != extent)
      reject(word.offset,
             words("the index '{}' has extent {} here, in '{}', but {} before",
                         word.text, extent, tensor, known.extent),
             "one index has one extent");
    return;
  }
  known_.push_back({word.text, extent});
}

std::vector<Axis> AxisInference::spatial_axes() const {
  std::vector<Axis> axes;
  for (const Syntax* word : left_)
    axes.push_back({word->text, extent(word->text, word->offset), false});
  return axes;
}

std::int64_t AxisInference::extent(std::string_view name, std::size_t offset) const {
  const auto dim = context_.dims.find(std::string(name));
  if (dim != context_.dims.end()) {
    if (dim->second > 0) return dim->second;
    reject(offset, words("the index '{}' has extent {}", name, dim->second),
           "extents are at least 1");
  }
  for (const Known& known : known_)
    if (known.name == name) return known.extent;
  reject(offset, words("nothing fixes the extent of the index '{}'", name),
         "name it like a dimension, or let it stand alone as a subscript once");
}

}  // namespace perftune
