// What an operator file says, parsed but not bound: formulas and statements as syntax trees, each
// with its place in the file. `bind` turns it into an Operator for one choice of dimensions;
// Operator::rebind does so again without reading the file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recipes/operator.hpp"
#include "recipes/strict_yaml.hpp"
#include "recipes/syntax.hpp"

namespace perftune {

class OperatorSource {
 public:
  struct Dimension {
    std::string name;
    YamlNode key;
  };
  struct Formula {
    std::string name;
    Syntax value;
    YamlNode where;
  };
  struct TensorDeclaration {
    std::string name;
    DType type = DType::f32;
    Tensor::Role role = Tensor::Role::input;
    std::optional<double> pad;
    std::vector<Syntax> extents;
    YamlNode where;
  };
  struct StatementText {
    SyntaxStatement tree;
    YamlNode where;
  };

  std::string name;
  std::string definition;        // definition_body() of the map that it was read from
  std::vector<Dimension> dims;   // base dimensions, in file order
  Dims constants;                // integer parameters of a library operator
  std::vector<Formula> let;      // derived dimensions, each over earlier ones
  std::vector<Formula> require;  // conditions that dimensions must meet; named by their text
  std::vector<TensorDeclaration> tensors;
  std::vector<StatementText> statements;
  std::optional<DType> accumulate;
  std::vector<int> part;         // statements that are kept (operator_part.hpp); empty: all
  // Where the user named this library operator: its mistakes are reported there.
  std::optional<YamlNode> named_at;

  // Reports a mistake at `offset` of the scalar `where`, or where the operator was named.
  [[noreturn]] void fail(const YamlNode& where, std::size_t offset, std::string_view what,
                         std::string_view right = {}) const;
};

// Throws Error{usage} for everything that is wrong with the statements at these dimensions.
Operator bind(std::shared_ptr<const OperatorSource> source, const Dims& base);

}  // namespace perftune
