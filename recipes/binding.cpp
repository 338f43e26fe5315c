// Binds a parsed file to dimensions: derived dimensions, shapes, then statement after statement.

#include <algorithm>
#include <set>
#include <utility>

#include "recipes/index_arithmetic.hpp"
#include "recipes/integer_formula.hpp"
#include "recipes/operator_part.hpp"
#include "recipes/operator_source.hpp"
#include "recipes/statement_binding.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 62;

class Binder {
 public:
  Binder(std::shared_ptr<const OperatorSource> source, const Dims& base) : source_(*source) {
    op_.name = source->name;
    op_.source = std::move(source);
    bind_dims(base);
  }

  Operator bind() {
    declare_tensors();
    for (const OperatorSource::StatementText& text : source_.statements)
      guarded(text.where, [&] { introduce_intermediate(text); });
    for (const OperatorSource::StatementText& text : source_.statements) {
      guarded(text.where, [&] {
        const StatementContext context{op_.dims, op_.tensors, assigned_, read_, shaped_, padded_};
        op_.statements.push_back(bind_statement(text.tree, context));
        op_.statements.back().where = text.where.where();
      });
    }
    check_use();
    // A pad value that no read needs is none: kernels skip the bounds and signatures agree.
    for (std::size_t t = 0; t < op_.tensors.size(); ++t)
      if (!padded_[t]) op_.tensors[t].pad.reset();
    op_.accumulate = source_.accumulate ? *source_.accumulate : usual_accumulator();
    return std::move(op_);
  }

 private:
  template <typename Work>
  void guarded(const YamlNode& where, Work work) {
    try {
      work();
    } catch (const SyntaxError& problem) {
      source_.fail(where, problem.offset, problem.what, problem.right);
    }
  }

  void bind_dims(const Dims& base) {
    op_.dims = source_.constants;
    for (const OperatorSource::Dimension& dim : source_.dims) {
      const auto given = base.find(dim.name);
      if (given == base.end())
        throw Error(ErrorKind::usage,
                    words("{}: the dimension '{}' is missing", source_.name, dim.name));
      if (given->second < 1)
        source_.fail(dim.key, 0, words("the dimension '{}' is {}", dim.name, given->second),
                     "extents are at least 1");
      op_.dims[dim.name] = given->second;
    }
    for (const auto& [name, extent] : base) {
      const bool known = std::any_of(source_.dims.begin(), source_.dims.end(),
                                     [&, key = name](const auto& dim) { return dim.name == key; });
      if (!known)
        throw Error(ErrorKind::usage,
                    words("{}: there is no dimension '{}'", source_.name, name));
    }
    for (const OperatorSource::Formula& formula : source_.let)
      guarded(formula.where, [&] { op_.dims[formula.name] = evaluate(formula.value); });
    for (const OperatorSource::Formula& condition : source_.require)
      guarded(condition.where, [&] {
        if (evaluate(condition.value) == 0)
          reject(0, words("{} does not hold", condition.name),
                 "choose other dimensions");
      });
  }

  std::int64_t evaluate(const Syntax& formula) const {
    return evaluate_formula(formula, [&](const Syntax& word) -> std::optional<std::int64_t> {
      const auto found = op_.dims.find(word.text);
      if (found != op_.dims.end()) return found->second;
      for (const OperatorSource::Formula& later : source_.let)
        if (later.name == word.text)
          reject(word.offset,
                 words("'{}' is used before it is defined", word.text),
                 "define it earlier; definitions cannot form a cycle");
      return std::nullopt;
    });
  }

  void declare_tensors() {
    for (const OperatorSource::TensorDeclaration& declaration : source_.tensors) {
      Tensor tensor;
      tensor.name = declaration.name;
      tensor.type = declaration.type;
      tensor.role = declaration.role;
      tensor.pad = declaration.pad;
      guarded(declaration.where, [&] {
        std::int64_t elements = 1;
        for (const Syntax& extent : declaration.extents) {
          tensor.shape.push_back(evaluate(extent));
          if (tensor.shape.back() < 1)
            reject(
                extent.offset,
                words("an extent of '{}' is {}", tensor.name, tensor.shape.back()),
                "extents are at least 1");
          const auto product = checked_multiply(elements, tensor.shape.back());
          if (!product || *product >= kMostElements)
            reject(extent.offset,
                   words("'{}' has 2^62 elements or more", tensor.name),
                   "use smaller dimensions");
          elements = *product;
        }
      });
      add(std::move(tensor), true);
    }
  }

  // A statement may assign a tensor that nothing declares: it gets the statement's shape.
  void introduce_intermediate(const OperatorSource::StatementText& text) {
    const std::string& name = text.tree.left.text;
    const bool known = std::any_of(op_.tensors.begin(), op_.tensors.end(),
                                   [&](const Tensor& tensor) { return tensor.name == name; });
    if (known) return;
    if (op_.dims.count(name) != 0)
      reject(text.tree.left.offset, words("'{}' is a dimension", name),
             "choose another name for the tensor");
    Tensor tensor;
    tensor.name = name;
    tensor.type = source_.accumulate ? *source_.accumulate : usual_accumulator();
    tensor.role = Tensor::Role::intermediate;
    add(std::move(tensor), false);
  }

  void add(Tensor tensor, bool shaped) {
    assigned_.push_back(tensor.role == Tensor::Role::input);
    read_.push_back(false);
    shaped_.push_back(shaped);
    padded_.push_back(false);
    op_.tensors.push_back(std::move(tensor));
  }

  void check_use() const {
    for (std::size_t t = 0; t < op_.tensors.size(); ++t) {
      const Tensor& tensor = op_.tensors[t];
      if (!assigned_[t])
        source_.fail(place_of(tensor), 0, words("'{}' is never assigned", tensor.name),
                     "add a statement under compute:");
      if (!read_[t] && tensor.role != Tensor::Role::output)
        source_.fail(place_of(tensor), 0, words("'{}' is never read", tensor.name),
                     "remove it");
    }
  }

  const YamlNode& place_of(const Tensor& tensor) const {
    for (const auto& declaration : source_.tensors)
      if (declaration.name == tensor.name) return declaration.where;
    for (const auto& statement : source_.statements)
      if (statement.tree.left.text == tensor.name) return statement.where;
    return source_.statements.front().where;
  }

  // f64 where anything is f64, f32 where anything else is floating, i32 otherwise.
  DType usual_accumulator() const {
    DType widest = DType::i32;
    for (const Tensor& tensor : op_.tensors) {
      if (tensor.role == Tensor::Role::intermediate) continue;
      const DType usual = default_accumulator(tensor.type);
      if (usual == DType::f64 || widest == DType::i32) widest = usual;
    }
    return widest;
  }

  const OperatorSource& source_;
  Operator op_;
  std::vector<bool> assigned_;
  std::vector<bool> read_;
  std::vector<bool> shaped_;
  std::vector<bool> padded_;
};

}  // namespace

void OperatorSource::fail(const YamlNode& where, std::size_t offset, std::string_view what,
                          std::string_view right) const {
  if (named_at) named_at->fail(words("{}: {}", name, what), right);
  where.fail_at(offset, what, right);
}

Operator bind(std::shared_ptr<const OperatorSource> source, const Dims& base) {
  const std::vector<int> part = source->part;
  Operator op = Binder(std::move(source), base).bind();
  if (!part.empty()) keep_statements(op, part);
  return op;
}

}  // namespace perftune
