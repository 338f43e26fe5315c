#include "models/lower/region_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/scalar_functions.hpp"

namespace perftune {
namespace {

constexpr std::size_t kLongestStatement = 4000;

bool one(const Subscript& s) { return s.extent == 1 && !s.window; }

}  // namespace

std::string RegionWriter::subscripted(const std::string& name, const std::vector<Subscript>& at) const {
  std::string list;
  for (const Subscript& s : at)
    if (!one(s)) list += (list.empty() ? "" : ",") + s.text;
  return list.empty() ? name : name + "[" + list + "]";
}

std::string RegionWriter::assign(const std::string& wish, const std::string& value, const std::vector<Subscript>& at) {
  const std::string name = text_.fresh(wish + std::to_string(inside_.size()));
  text_.statement(subscripted(name, at) + " = " + value);
  return subscripted(name, at);
}

bool RegionWriter::add(const FlatNode& node, bool last) {
  const std::string& op = node.node.op;
  Inside out;
  bool ok = false;
  if (op == "MatMul") ok = product(node, out);
  else if (op == "Gemm") ok = gemm(node, out);
  else if (op == "Conv") ok = conv(node, out);
  else if (op == "ConvTranspose") ok = conv_transpose(node, out);
  else if (op == "MaxPool" || op == "AveragePool") ok = pool(node, out);
  else if (op.starts_with("Reduce") || op.starts_with("Global")) ok = reduction(node, out);
  else if (op == "Softmax" || op == "LogSoftmax") ok = softmax(node, out);
  else if (op == "LayerNormalization") ok = layer_norm(node, out);
  else if (op == "BatchNormalization") ok = batch_norm(node, out);
  else if (op == "Gather") ok = gather(node, out);
  else if (op == "Concat") ok = concat(node, out);
  else if (op == "Resize" || op == "Upsample") ok = resize(node, out);
  else if (op == "Pad") ok = pad(node, out);
  else if (op == "Transpose") ok = transpose(node, out);
  else ok = elementwise(node, out);
  if (!ok) return false;
  const int value = node.outputs[0];
  if (out.text.size() > kLongestStatement) return decline("its statement is too long");
  if (last) {
    const std::string left = text_.output(value, out.at);
    text_.statement(left + " = " + out.text);
    return true;
  }
  if (!inlined_ || reads_[value] > 1) out.text = assign("v", out.text, out.at);
  inside_[value] = std::move(out);
  return true;
}

void RegionWriter::will_read(int value, const FlatNode& reader) {
  const ScalarFunction* function = find_scalar_function(reader.node.op);
  // An expression may name its argument twice.
  const std::string_view text = function == nullptr ? "" : function->expression;
  const bool twice = text.find("{a}") != text.rfind("{a}") || reader.node.op == "Pow";
  reads_[value] += twice ? 2 : 1;
}

// Inside a region only the order of the output's dimensions changes.
bool RegionWriter::transpose(const FlatNode& node, Inside& out) {
  const auto it = inside_.find(node.inputs[0]);
  if (it == inside_.end()) return decline("it begins with a transposition");
  std::vector<std::int64_t> reversed;
  for (std::size_t d = it->second.at.size(); d-- > 0;) reversed.push_back(static_cast<std::int64_t>(d));
  for (const std::int64_t d : node.node.list("perm", reversed)) out.at.push_back(it->second.at[static_cast<std::size_t>(d)]);
  out.text = it->second.text;
  return true;
}

RegionWriter::Inside RegionWriter::whole_input(int value) {
  if (const auto it = inside_.find(value); it != inside_.end()) return it->second;
  Inside made;
  std::size_t from_last = shape(value).size();
  for (const std::int64_t extent : shape(value)) {
    --from_last;
    if (domain_.size() > from_last && domain_[from_last].extent == extent) {
      made.at.push_back(domain_[from_last]);
      continue;
    }
    made.at.push_back(text_.axis("i", extent));
    if (domain_.size() <= from_last) domain_.resize(from_last + 1, Subscript{"0", 1, "1"});
    if (one(domain_[from_last])) domain_[from_last] = made.at.back();
  }
  made.text = text_.read(value, made.at);
  return made;
}

bool RegionWriter::place(const FlatNode& node, std::size_t inputs, const Shape& to, std::vector<Subscript>& at) {
  at.assign(to.size(), Subscript{"0", 1, "1"});
  for (std::size_t d = 0; d < to.size(); ++d) {
    if (to[d] == 1) continue;
    const std::size_t from_last = to.size() - 1 - d;
    for (std::size_t i = 0; i < inputs && one(at[d]); ++i) {
      const auto it = inside_.find(node.inputs[i]);
      if (it == inside_.end() || it->second.at.size() <= from_last) continue;
      at[d] = it->second.at[it->second.at.size() - 1 - from_last];
    }
    if (!one(at[d])) continue;
    if (inlined_) return decline("it has more elements than what it follows");
    const auto used = [&](const Subscript& s) {
      return std::any_of(at.begin(), at.end(), [&](const Subscript& other) { return other.text == s.text; });
    };
    if (domain_.size() > from_last && domain_[from_last].extent == to[d] && !used(domain_[from_last])) {
      at[d] = domain_[from_last];
    } else {
      at[d] = text_.axis("i", to[d]);
      if (domain_.size() <= from_last) domain_.resize(from_last + 1, Subscript{"0", 1, "1"});
      if (one(domain_[from_last])) domain_[from_last] = at[d];
    }
  }
  return true;
}

std::string RegionWriter::input_text(int value, const std::vector<Subscript>& at) {
  if (const auto it = inside_.find(value); it != inside_.end()) return it->second.text;
  return text_.read(value, text_.aligned(value, at));
}

bool RegionWriter::elementwise(const FlatNode& node, Inside& out) {
  const OpCall call = graph_.call(node);
  const bool cast = node.node.op == "Cast";
  const std::size_t count = cast ? 1 : element_inputs(call);
  if (!place(node, count, shape(node.outputs[0]), out.at)) return false;
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < count; ++i) arguments.push_back(input_text(node.inputs[i], out.at));
  if (cast) {
    const Element from = call.in(0).type(), to = graph_.values[static_cast<std::size_t>(node.outputs[0])].spec->type;
    const bool narrower = size_bytes(to) < size_bytes(from);
    if (to == Element::boolean) out.text = "select(" + arguments[0] + " != 0, 1, 0)";
    else out.text = narrower ? fmt::format("cast({}, {})", arguments[0], name(to)) : arguments[0];
    return true;
  }
  // Powers that are written out: pow is slow and exact for none of these.
  if (node.node.op == "Pow" && arguments[1] == "2" && arguments[0].size() < 200) out.text = fmt::format("({0} * {0})", arguments[0]);
  else if (node.node.op == "Pow" && arguments[1] == "0.5") out.text = fmt::format("sqrt({})", arguments[0]);
  else if (auto text = scalar_expression(call, arguments)) out.text = *std::move(text);
  else return decline(node.node.op + " has no expression");
  return true;
}

bool RegionWriter::batch_norm(const FlatNode& node, Inside& out) {
  // scale and shift per channel: gamma / sqrt(variance + epsilon), beta - mean * scale.
  const Shape& to = shape(node.outputs[0]);
  if (node.node.integer("training_mode", 0) != 0) return decline("it is in training mode");
  if (!place(node, 1, to, out.at)) return false;
  const std::vector<Subscript> channel{out.at[1]};
  const auto parameter = [&](std::size_t i) { return text_.read(node.inputs[i], channel); };
  out.text = fmt::format("(({} - {}) * ({} / sqrt({} + {})) + {})", input_text(node.inputs[0], out.at), parameter(3),
                         parameter(1), parameter(4), number_text(node.node.real("epsilon", 1e-5)), parameter(2));
  return true;
}

bool RegionWriter::reduction(const FlatNode& node, Inside& out) {
  const OpCall call = graph_.call(node);
  const std::string& op = node.node.op;
  const bool pool = op.starts_with("Global");
  if (!pool && !call.known(1)) return decline("its axes are not known");
  const Inside x = whole_input(node.inputs[0]);
  std::vector<bool> reduced(x.at.size(), false);
  if (pool) std::fill(reduced.begin() + 2, reduced.end(), true);
  else {
    const auto axes = call.ints_or(1, "axes", {});
    if (axes.empty() && node.node.integer("noop_with_empty_axes", 0) != 0) return decline("it reduces nothing");
    if (axes.empty()) reduced.assign(reduced.size(), true);
    for (const std::int64_t axis : axes) reduced[call.axis(axis, reduced.size())] = true;
  }
  std::string bound;
  std::int64_t count = 1;
  const bool keep = pool || node.node.integer("keepdims", 1) != 0;
  for (std::size_t d = 0; d < reduced.size(); ++d) {
    if (!reduced[d]) {
      out.at.push_back(x.at[d]);
      continue;
    }
    if (!one(x.at[d])) bound += (bound.empty() ? "" : ",") + x.at[d].text;
    count *= x.at[d].extent;
    if (keep) out.at.push_back({"0", 1, "1"});
  }
  const char* name = op == "ReduceMax" || op == "GlobalMaxPool" ? "max" : op == "ReduceMin" ? "min" : "sum";
  const bool square = op == "ReduceL2" || op == "ReduceSumSquare";
  std::string body = square ? fmt::format("({0} * {0})", x.text) : x.text;
  if (!bound.empty()) body = fmt::format("{}[{}]({})", name, bound, body);
  if (op == "ReduceMean" || op == "GlobalAveragePool") body = fmt::format("({} / {})", body, count);
  out.text = op == "ReduceL2" ? "sqrt(" + body + ")" : body;
  return true;
}

bool RegionWriter::softmax(const FlatNode& node, Inside& out) {
  const OpCall call = graph_.call(node);
  const bool flat = call.opset < 13;
  const Inside x = whole_input(node.inputs[0]);
  const auto axis = static_cast<std::size_t>(call.axis(node.node.integer("axis", flat ? 1 : -1), x.at.size()));
  std::string bound;
  std::vector<Subscript> rows = x.at;
  for (std::size_t d = axis; d < (flat ? x.at.size() : axis + 1); ++d) {
    if (!one(x.at[d])) bound += (bound.empty() ? "" : ",") + x.at[d].text;
    rows[d] = {"0", 1, "1"};
  }
  if (bound.empty()) return decline("it is over one element");
  out.at = x.at;
  const std::string top = assign("top", fmt::format("max[{}]({})", bound, x.text), rows);
  if (node.node.op == "LogSoftmax") {
    const std::string total = assign("total", fmt::format("sum[{}](exp({} - {}))", bound, x.text, top), rows);
    out.text = fmt::format("({} - {} - log({}))", x.text, top, total);
    return true;
  }
  const std::string e = assign("e", fmt::format("exp({} - {})", x.text, top), x.at);
  const std::string total = assign("total", fmt::format("sum[{}]({})", bound, e), rows);
  out.text = fmt::format("({} / {})", e, total);
  return true;
}

bool RegionWriter::layer_norm(const FlatNode& node, Inside& out) {
  const OpCall call = graph_.call(node);
  const Inside x = whole_input(node.inputs[0]);
  const auto axis = static_cast<std::size_t>(call.axis(node.node.integer("axis", -1), x.at.size()));
  std::string bound;
  std::int64_t count = 1;
  std::vector<Subscript> rows = x.at;
  const std::vector<Subscript> columns(x.at.begin() + static_cast<std::ptrdiff_t>(axis), x.at.end());
  for (std::size_t d = axis; d < x.at.size(); ++d) {
    if (!one(x.at[d])) bound += (bound.empty() ? "" : ",") + x.at[d].text;
    count *= x.at[d].extent;
    rows[d] = {"0", 1, "1"};
  }
  if (bound.empty()) return decline("it is over one element");
  const std::string mean = assign("mean", fmt::format("sum[{}]({}) / {}", bound, x.text, count), rows);
  const std::string variance = assign("variance", fmt::format("sum[{0}](({1} - {2}) * ({1} - {2})) / {3}", bound, x.text, mean, count), rows);
  out.at = x.at;
  out.text = fmt::format("({} - {}) * rsqrt({} + {}) * {}", x.text, mean, variance,
                         number_text(node.node.real("epsilon", 1e-5)), text_.read(node.inputs[1], text_.aligned(node.inputs[1], columns)));
  if (call.has(2)) out.text += " + " + text_.read(node.inputs[2], text_.aligned(node.inputs[2], columns));
  out.text = "(" + out.text + ")";
  return true;
}

bool RegionWriter::gather(const FlatNode& node, Inside& out) {
  const OpCall call = graph_.call(node);
  const Shape &from = shape(node.inputs[0]), &index = shape(node.inputs[1]);
  const auto axis = static_cast<std::size_t>(call.axis(node.node.integer("axis", 0), from.size()));
  if (call.in(1).type() != Element::i32) return decline("its indices are no i32");
  std::vector<Subscript> at;
  for (std::size_t d = 0; d < shape(node.outputs[0]).size(); ++d) out.at.push_back(text_.axis("i", shape(node.outputs[0])[d]));
  const std::vector<Subscript> positions(out.at.begin() + static_cast<std::ptrdiff_t>(axis),
                                         out.at.begin() + static_cast<std::ptrdiff_t>(axis + index.size()));
  for (std::size_t d = 0; d < from.size(); ++d) {
    if (d == axis) at.push_back({text_.read(node.inputs[1], positions), from[d], std::to_string(from[d])});
    else at.push_back(out.at[d < axis ? d : d + index.size() - 1]);
  }
  out.text = text_.read(node.inputs[0], at);
  return true;
}

bool RegionWriter::concat(const FlatNode& node, Inside& out) {
  const OpCall call = graph_.call(node);
  const Shape& to = shape(node.outputs[0]);
  const auto axis = static_cast<std::size_t>(call.axis(node.node.integer("axis", 0), to.size()));
  for (std::size_t d = 0; d < to.size(); ++d) out.at.push_back(text_.axis("i", to[d]));
  std::string closing;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Shape& part = shape(node.inputs[i]);
    if (!contiguous(node.inputs[i]) || call.in(i).data != nullptr || inside_.contains(node.inputs[i]))
      return decline("a part of it has no memory of its own");
    auto at = out.at;
    at[axis] = {fmt::format("{} - {}", at[axis].text, first), part[axis], std::to_string(part[axis]), true};
    for (std::size_t d = 0; d < at.size(); ++d)
      if (d != axis && part[d] == 1) at[d] = {"0", 1, "1"};
    const std::string read = text_.read(node.inputs[i], at, "0");
    first += part[axis];
    if (i + 1 == node.inputs.size()) out.text += read + closing;
    else {
      out.text += fmt::format("select({} < {}, {}, ", out.at[axis].text, first, read);
      closing += ")";
    }
  }
  return true;
}

}  // namespace perftune
