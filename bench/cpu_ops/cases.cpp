#include "bench/cpu_ops/cases.hpp"

#include <fmt/format.h>

#include <set>
#include <sstream>

#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"

namespace perftune::bench {

std::string Case::parameter(const std::string& name, const std::string& otherwise) const {
  const auto it = more.find(name);
  return it == more.end() ? otherwise : it->second;
}

std::int64_t Case::number(const std::string& name, std::int64_t otherwise) const {
  return std::stoll(parameter(name, std::to_string(otherwise)));
}

Case parse_case(const std::string& text) {
  Case c;
  c.text = text;
  const std::size_t colon = text.find(':');
  c.op = text.substr(0, colon);
  std::istringstream rest(colon == std::string::npos ? "" : text.substr(colon + 1));
  for (std::string item; std::getline(rest, item, ',');) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos)
      throw Error(ErrorKind::usage, "'" + item + "' in '" + text + "'; expected name=value");
    const std::string name = item.substr(0, equals), value = item.substr(equals + 1);
    static const std::set<std::string> parameters{"layout", "padding", "stride", "order", "dilation", "groups", "filter"};
    if (parameters.contains(name))
      c.more[name] = value;
    else
      c.dims[name] = std::atoll(value.c_str());
  }
  return c;
}

Operator operator_of(const Case& c) {
  std::string yaml = "op: " + c.op + "\ndims: {";
  for (const auto& [name, value] : c.dims) yaml += fmt::format("{}{}: {}", yaml.back() == '{' ? "" : ", ", name, value);
  yaml += "}\n";
  for (const auto& [name, value] : c.more) yaml += name + ": " + value + "\n";
  return parse_operator_text(yaml, c.text).at(0).op;
}

const std::vector<std::string>& default_cases() {
  static const std::vector<std::string> cases{
      "softmax:m=8192,n=1000",
      "softmax:m=1536,n=128",
      "softmax:m=64,n=32000",
      "log_softmax:m=512,n=4096",
      "layer_norm:m=8192,n=768",
      "layer_norm:m=128,n=768",
      "layer_norm:m=512,n=4096",
      "sum_rows:m=4096,n=4096",
      "sum_rows:m=512,n=1024",
      "sum_columns:m=4096,n=4096",
      "sum_columns:m=512,n=1024",
      "max_rows:m=4096,n=1024",
      "max_pool2d:n=1,c=64,h=112,w=112,r=3,s=3,stride=2,padding=1",
      "max_pool2d:n=8,c=64,h=112,w=112,r=3,s=3,stride=2,padding=1,layout=nhwc",
      "avg_pool2d:n=1,c=192,h=56,w=56,r=3,s=3,stride=1,padding=1",
      "avg_pool2d:n=8,c=192,h=28,w=28,r=3,s=3,stride=1,padding=1,layout=nhwc",
      "global_avg_pool2d:n=32,c=2048,h=7,w=7",
      "global_avg_pool2d:n=32,c=2048,h=7,w=7,layout=nhwc",
      "depthwise_conv2d:n=1,c=96,h=112,w=112,r=3,s=3,stride=1,padding=1",
      "depthwise_conv2d:n=1,c=144,h=56,w=56,r=3,s=3,stride=2,padding=1,layout=nhwc",
  };
  return cases;
}

}  // namespace perftune::bench
