// The canonical text of an operator. Names, spelling and the order of independent things must not
// show, so tensors, reduction axes and statements get numbers that depend only on how they are
// used: each item is marked in turn, the whole operator is printed with commutative operands and
// statements sorted, and the items are numbered by the order of those texts. Items with equal
// texts are interchangeable; one of them is numbered first and the rest looked at again.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "recipes/functions.hpp"
#include "recipes/operator.hpp"
#include "recipes/stable_order.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

class CanonicalPrinter {
 public:
  CanonicalPrinter(const Operator& op, bool extents) : op_(op), extents_(extents) {
    tensor_label_.resize(op.tensors.size());
    for (std::size_t t = 0; t < op.tensors.size(); ++t) tensor_label_[t] = kind_of(op.tensors[t]);
    for (const Statement& statement : op.statements) {
      axis_label_.emplace_back();
      label_spatial_axes(statement);
    }
  }

  std::string print() {
    number_items();
    std::vector<std::string> tensors;
    for (std::size_t t = 0; t < op_.tensors.size(); ++t)
      tensors.push_back(words("{}:{}", tensor_label_[t], kind_of(op_.tensors[t])));
    std::sort(tensors.begin(), tensors.end());
    return words("{} acc {} | {}", joined(tensors, " "), name(op_.accumulate), body());
  }

 private:
  std::string kind_of(const Tensor& tensor) const {
    static constexpr const char* kRoles[] = {"in", "out", "mid"};
    std::string text =
        words("{}.{}", kRoles[static_cast<int>(tensor.role)], name(tensor.type));
    if (extents_)
      text += words("[{}]", joined(tensor.shape, ","));
    else
      text += words("^{}", tensor.shape.size());
    if (tensor.pad) text += words("~{}", *tensor.pad);
    return text;
  }

  // Spatial axes are named by where they stand on the left side.
  void label_spatial_axes(const Statement& statement) {
    auto& labels = axis_label_.back();
    labels.assign(statement.axes.size(), "r");
    int next = 0;
    for (const Index& index : statement.indices) {
      std::vector<Index::Term> terms = index.terms;
      sort_stably(terms.begin(), terms.end(),
                  [](const auto& a, const auto& b) { return a.coefficient > b.coefficient; });
      for (const Index::Term& term : terms)
        labels[static_cast<std::size_t>(term.axis)] = words("s{}", next++);
    }
    if (!extents_) return;
    for (std::size_t a = 0; a < statement.axes.size(); ++a)
      if (statement.axes[a].reduction) labels[a] = words("r<{}>", statement.axes[a].extent);
  }

  struct Item {
    std::string* label;
    std::string prefix;  // of its final label
    std::string text;    // the operator with this item marked
  };

  void number_items() {
    std::vector<Item> items;
    for (std::size_t t = 0; t < op_.tensors.size(); ++t)
      items.push_back({&tensor_label_[t], "t", {}});
    for (std::size_t s = 0; s < op_.statements.size(); ++s)
      for (std::size_t a = 0; a < op_.statements[s].axes.size(); ++a)
        if (op_.statements[s].axes[a].reduction)
          items.push_back({&axis_label_[s][a], axis_label_[s][a] + "k", {}});
    std::size_t next = 0;
    while (!items.empty()) {
      for (Item& item : items) {
        const std::string kept = std::exchange(*item.label, "*" + *item.label);
        item.text = body();
        *item.label = kept;
      }
      sort_stably(items.begin(), items.end(),
                       [](const Item& a, const Item& b) { return a.text < b.text; });
      // All that stand alone are settled; of the first tie one is settled, then look again.
      bool tie = false;
      std::vector<Item> rest;
      std::vector<std::pair<Item*, std::string>> settled;
      for (std::size_t i = 0; i < items.size(); ++i) {
        const bool equal_next = i + 1 < items.size() && items[i + 1].text == items[i].text;
        const bool equal_before = i > 0 && items[i - 1].text == items[i].text;
        const bool settles = !equal_before && (!equal_next || !tie);
        const std::size_t number = next + i;
        if (settles)
          settled.emplace_back(&items[i], words("{}{}", items[i].prefix, number));
        else
          rest.push_back(items[i]);
        tie = tie || equal_next;
      }
      for (auto& [item, label] : settled) *item->label = label;
      next += items.size();
      items = std::move(rest);
    }
  }

  std::string body() const {
    std::vector<std::string> statements;
    for (std::size_t s = 0; s < op_.statements.size(); ++s) {
      const Statement& statement = op_.statements[s];
      std::vector<std::string> left;
      for (const Index& index : statement.indices) left.push_back(print(index, s));
      std::string extents;
      if (extents_) extents = spatial_extents(statement, s);
      statements.push_back(words("{}[{}]{}={}",
                                       tensor_label_[static_cast<std::size_t>(statement.output)],
                                       joined(left, ","), extents, print(*statement.value, s)));
    }
    std::sort(statements.begin(), statements.end());
    return words("{}", joined(statements, "; "));
  }

  std::string spatial_extents(const Statement& statement, std::size_t s) const {
    std::vector<std::string> extents;
    for (std::size_t a = 0; a < statement.axes.size(); ++a)
      if (!statement.axes[a].reduction)
        extents.push_back(words("{}:{}", axis_label_[s][a], statement.axes[a].extent));
    std::sort(extents.begin(), extents.end());
    return words("<{}>", joined(extents, ","));
  }

  std::string print(const Index& index, std::size_t s) const {
    std::vector<std::string> terms;
    for (const Index::Term& term : index.terms) terms.push_back(print(term, s));
    std::sort(terms.begin(), terms.end());
    if (index.offset != 0 || terms.empty()) terms.push_back(words("{}", index.offset));
    return words("{}", joined(terms, "+"));
  }

  std::string print(const Index::Term& term, std::size_t s) const {
    std::string text;
    if (term.coefficient != 1) text = words("{}*", term.coefficient);
    std::vector<std::string> operands;
    for (const Index& operand : term.operands) operands.push_back(print(operand, s));
    switch (term.atom) {
      case Index::Atom::axis:
        return text + axis_label_[s][static_cast<std::size_t>(term.axis)];
      case Index::Atom::divide:
        return text + words("({})/{}", operands.at(0), term.divisor);
      case Index::Atom::modulo:
        return text + words("({})%{}", operands.at(0), term.divisor);
      case Index::Atom::load:
        return text + words("{}[{}]", tensor_label_[static_cast<std::size_t>(term.tensor)],
                                  joined(operands, ","));
    }
    return text;
  }

  // Operands of nested sums, products, minima and maxima, as one list. a - b is a + neg(b),
  // a > b is b < a, relu(x) is max(x, 0).
  void flatten(const Expr& expr, Function function, bool negated, std::size_t s,
               std::vector<std::string>& out) const {
    const bool apply = expr.kind == Expr::Kind::apply;
    if (apply && function == Function::add && expr.function == Function::subtract) {
      flatten(*expr.args[0], function, negated, s, out);
      flatten(*expr.args[1], function, !negated, s, out);
    } else if (apply && function == Function::add && expr.function == Function::negate) {
      flatten(*expr.args[0], function, !negated, s, out);
    } else if (apply && expr.function == function) {
      for (const ExprPtr& arg : expr.args) flatten(*arg, function, negated, s, out);
    } else {
      out.push_back(negated ? words("neg({})", print(expr, s)) : print(expr, s));
    }
  }

  std::string nary(std::string_view head, const Expr& expr, Function function,
                   std::size_t s) const {
    std::vector<std::string> operands;
    flatten(expr, function, false, s, operands);
    std::sort(operands.begin(), operands.end());
    if (operands.size() == 1) return operands[0];
    return words("{}({})", head, joined(operands, ","));
  }

  std::string print(const Expr& expr, std::size_t s) const {
    switch (expr.kind) {
      case Expr::Kind::constant:
        return !extents_ && expr.from_dims ? "#" : words("{}", expr.value);
      case Expr::Kind::axis:
        return axis_label_[s][static_cast<std::size_t>(expr.axis)];
      case Expr::Kind::accumulator:
        return "acc";
      case Expr::Kind::read: {
        std::vector<std::string> indices;
        for (const Index& index : expr.indices) indices.push_back(print(index, s));
        return words("{}[{}]", tensor_label_[static_cast<std::size_t>(expr.tensor)],
                           joined(indices, ","));
      }
      case Expr::Kind::reduce:
        return print_reduction(expr, s);
      case Expr::Kind::apply:
        return print_function(expr, s);
    }
    return {};
  }

  // sum[k](sum[j](x)) is sum[j,k](x).
  std::string print_reduction(const Expr& expr, std::size_t s) const {
    std::vector<std::string> axes;
    const Expr* inner = &expr;
    while (true) {
      for (const int axis : inner->axes)
        axes.push_back(axis_label_[s][static_cast<std::size_t>(axis)]);
      const Expr& next = *inner->args[0];
      if (next.kind != Expr::Kind::reduce || next.reduction != expr.reduction) break;
      inner = &next;
    }
    std::sort(axes.begin(), axes.end());
    return words("{}[{}]({})", name(expr.reduction), joined(axes, ","),
                       print(*inner->args[0], s));
  }

  std::string print_function(const Expr& expr, std::size_t s) const {
    switch (expr.function) {
      case Function::add:
      case Function::subtract:
      case Function::negate:
        return nary("add", expr, Function::add, s);
      case Function::multiply:
        return nary("mul", expr, Function::multiply, s);
      case Function::minimum:
        return nary("min", expr, Function::minimum, s);
      case Function::maximum:
        return nary("max", expr, Function::maximum, s);
      default:
        break;
    }
    std::vector<std::string> args;
    for (const ExprPtr& arg : expr.args) args.push_back(print(*arg, s));
    std::string_view head = name(expr.function);
    if (is_commutative(expr.function)) std::sort(args.begin(), args.end());
    if (expr.function == Function::greater || expr.function == Function::greater_equal) {
      std::swap(args[0], args[1]);
      head = name(expr.function == Function::greater ? Function::less : Function::less_equal);
    }
    if (expr.function == Function::relu) {
      args.emplace_back("0");
      std::sort(args.begin(), args.end());
      head = "max";
    }
    if (expr.function == Function::cast) args.emplace_back(name(expr.type));
    return words("{}({})", head, joined(args, ","));
  }

  const Operator& op_;
  bool extents_;
  std::vector<std::string> tensor_label_;
  std::vector<std::vector<std::string>> axis_label_;  // by statement, then axis
};

}  // namespace

std::string Operator::signature() const { return CanonicalPrinter(*this, true).print(); }
std::string Operator::structure() const { return CanonicalPrinter(*this, false).print(); }

}  // namespace perftune
