// A model as read: nodes that name the values they read and write. What the ONNX file says, without
// its library's types, so that nothing else of the house depends on it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "models/array.hpp"

namespace perftune {

struct Graph;

struct Attribute {
  std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>,
               std::vector<std::string>, std::shared_ptr<const Array>, std::shared_ptr<const Graph>>
      value;
};

struct Node {
  std::string name;    // as in the file; may be empty
  std::string op;      // "Conv"; operators of another domain are "domain.Name"
  std::vector<std::string> inputs;   // "": an optional one that is absent
  std::vector<std::string> outputs;
  std::map<std::string, Attribute> attributes;

  bool has(const std::string& attribute) const { return attributes.contains(attribute); }
  std::int64_t integer(const std::string& attribute, std::int64_t otherwise) const;
  double real(const std::string& attribute, double otherwise) const;
  std::string word(const std::string& attribute, const std::string& otherwise) const;
  std::vector<std::int64_t> list(const std::string& attribute, std::vector<std::int64_t> otherwise) const;
  std::vector<double> reals(const std::string& attribute) const;
  std::vector<std::string> words(const std::string& attribute) const;
  std::shared_ptr<const Array> array(const std::string& attribute) const;  // null: absent
  std::shared_ptr<const Graph> graph(const std::string& attribute) const;
  bool has_graphs() const;
  std::string label() const;  // name, or the operator with its first output: for messages
};

struct GraphInput {
  struct Dimension {
    std::int64_t extent = -1;  // -1: not given in the file
    std::string symbol;        // its name then; may be empty
  };
  std::string name;
  Element type = Element::f32;
  std::vector<Dimension> shape;
};

struct Graph {
  std::vector<GraphInput> inputs;  // without those that are initialisers
  std::vector<std::string> outputs;
  std::map<std::string, std::shared_ptr<const Array>> constants;  // initialisers
  std::vector<Node> nodes;         // in an order in which every value is written before it is read
};

struct Model {
  std::string name;  // the file's, without folder and suffix
  std::string path;
  std::shared_ptr<const Graph> graph;
  int opset = 0;     // of the default domain
};

}  // namespace perftune
