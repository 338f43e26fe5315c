#include "models/graph.hpp"

#include <algorithm>

namespace perftune {
namespace {

template <class T>
T of(const Node& node, const std::string& attribute, T otherwise) {
  const auto it = node.attributes.find(attribute);
  if (it == node.attributes.end()) return otherwise;
  const T* value = std::get_if<T>(&it->second.value);
  return value == nullptr ? otherwise : *value;
}

}  // namespace

std::int64_t Node::integer(const std::string& attribute, std::int64_t otherwise) const {
  return of(*this, attribute, otherwise);
}
double Node::real(const std::string& attribute, double otherwise) const { return of(*this, attribute, otherwise); }
std::string Node::word(const std::string& attribute, const std::string& otherwise) const {
  return of(*this, attribute, otherwise);
}
std::vector<std::int64_t> Node::list(const std::string& attribute, std::vector<std::int64_t> otherwise) const {
  return of(*this, attribute, std::move(otherwise));
}
std::vector<double> Node::reals(const std::string& attribute) const {
  return of(*this, attribute, std::vector<double>{});
}
std::vector<std::string> Node::words(const std::string& attribute) const {
  return of(*this, attribute, std::vector<std::string>{});
}
std::shared_ptr<const Array> Node::array(const std::string& attribute) const {
  return of(*this, attribute, std::shared_ptr<const Array>{});
}
std::shared_ptr<const Graph> Node::graph(const std::string& attribute) const {
  return of(*this, attribute, std::shared_ptr<const Graph>{});
}

bool Node::has_graphs() const {
  return std::any_of(attributes.begin(), attributes.end(), [](const auto& entry) {
    return std::holds_alternative<std::shared_ptr<const Graph>>(entry.second.value);
  });
}

std::string Node::label() const {
  if (!name.empty()) return op + " '" + name + "'";
  return outputs.empty() ? op : op + " of '" + outputs.front() + "'";
}

}  // namespace perftune
