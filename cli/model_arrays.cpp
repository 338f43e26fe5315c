#include "cli/model_arrays.hpp"

#include <algorithm>
#include <random>

#include "executor/npy.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

struct Description {
  Element type;
  const char* text;
};
constexpr Description descriptions[] = {
    {Element::f32, "<f4"}, {Element::f64, "<f8"}, {Element::f16, "<f2"}, {Element::bf16, "<V2"}, {Element::i64, "<i8"},
    {Element::i32, "<i4"}, {Element::i16, "<i2"}, {Element::i8, "|i1"},  {Element::u64, "<u8"},  {Element::u32, "<u4"},
    {Element::u16, "<u2"}, {Element::u8, "|u1"},  {Element::boolean, "|b1"}};

std::map<std::string, std::string> named_paths(const std::vector<std::string>& arguments, const char* option,
                                               const std::vector<std::string>& allowed) {
  std::map<std::string, std::string> paths;
  std::string list;
  for (const auto& name : allowed) list += (list.empty() ? "" : ", ") + name;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) throw Error(ErrorKind::usage, std::string(option) + " '" + argument + "': NAME=file.npy is expected");
    const std::string name = argument.substr(0, equals);
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
      throw Error(ErrorKind::usage, std::string(option) + " '" + name + "': the model has " + list);
    if (!paths.emplace(name, argument.substr(equals + 1)).second) throw Error(ErrorKind::usage, std::string(option) + " '" + name + "' is given twice");
  }
  return paths;
}

}  // namespace

std::map<std::string, std::shared_ptr<const Array>> read_model_inputs(const Model& model, const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const GraphInput& input : model.graph->inputs) names.push_back(input.name);
  std::map<std::string, std::shared_ptr<const Array>> given;
  for (const auto& [name, path] : named_paths(arguments, "--input", names)) {
    NpyArray file = read_npy(path);
    const auto input = std::find_if(model.graph->inputs.begin(), model.graph->inputs.end(), [&](const auto& i) { return i.name == name; });
    const auto wanted = std::find_if(std::begin(descriptions), std::end(descriptions), [&](const auto& d) { return d.type == input->type; });
    if (file.descr != wanted->text)
      throw Error(ErrorKind::usage, path + ": it holds " + file.descr + ", but input '" + name + "' is " + std::string(perftune::name(input->type)) + " (" + wanted->text + ")");
    auto array = std::make_shared<Array>();
    array->spec = {input->type, file.shape};
    array->data = std::move(file.data);
    given[name] = std::move(array);
  }
  return given;
}

std::map<std::string, std::string> named_output_paths(const Model& model, const std::vector<std::string>& arguments) {
  return named_paths(arguments, "--output", model.graph->outputs);
}

Arrays fill_inputs(const FlatGraph& graph, const std::map<std::string, std::shared_ptr<const Array>>& given, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Arrays inputs;
  for (const int v : graph.inputs) {
    const Value& value = graph.values[static_cast<std::size_t>(v)];
    if (const auto it = given.find(value.name); it != given.end()) {
      inputs.push_back(it->second);
    } else if (value.constant) {
      inputs.push_back(value.constant);
    } else {
      auto array = std::make_shared<Array>(*value.spec);
      for (std::int64_t i = 0; i < value.spec->elements(); ++i)
        write_real(array->view(), i, is_floating(value.spec->type) ? normal(random) : static_cast<double>(random() & 1));
      inputs.push_back(std::move(array));
    }
  }
  return inputs;
}

void write_array(const std::string& path, const Array& array) {
  const auto it = std::find_if(std::begin(descriptions), std::end(descriptions), [&](const auto& d) { return d.type == array.spec.type; });
  write_npy(path, std::string_view(it->text), array.spec.shape, array.data);
}

}  // namespace perftune
