#include "codegen/cuda/row_access_printer.hpp"

#include <fmt/format.h>

#include "codegen/cuda/row_arguments.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

char letter(Group g) { return g == Group::m ? 'm' : 'k'; }

std::string coordinate(Group g, std::size_t i) {
  return fmt::format("{}{}", g == Group::m ? "row.r" : "at.c", i);
}

const std::vector<std::int64_t>& coefficients(const Access& access, std::size_t bound, Group g) {
  return access.bounds[bound].coefficient[static_cast<std::size_t>(g)];
}

}  // namespace

std::string RowAccessPrinter::number(const std::string& name) const {
  return fmt::format("static_cast<Index>({})", arguments_.use(name));
}

std::string RowAccessPrinter::decode(Group g, const std::string& from, const std::string& target) {
  const auto& group = axes(g);
  const char c = g == Group::m ? 'r' : 'c';
  if (group.size() == 1) return fmt::format("    {}{}0 = {};\n", target, c, from);
  std::string text = fmt::format("    Index rest = {};\n", from);
  for (std::size_t i = group.size() - 1; i > 0; --i) {
    const std::string name = fmt::format("{}{}", letter(g), i);
    if (tiles_.index_bits == 64) {
      const std::string extent = number(name);
      text += fmt::format("    {0}{1}{2} = rest % {3};\n    rest /= {3};\n", target, c, i, extent);
    } else {
      text += fmt::format("    {}{}{} = pt::peel(rest, {}, p.{});\n", target, c, i,
                          arguments_.use(name + "_divisor"), name);
    }
  }
  return text + fmt::format("    {}{}0 = rest;\n", target, c);
}

std::string RowAccessPrinter::term(const Access& access, const std::string& name, Group g) {
  std::string sum;
  for (std::size_t i = 0; i < access.forms(g).size(); ++i) {
    if (access.forms(g)[i] == StrideForm::absent) continue;
    sum += " + " + coordinate(g, i);
    if (access.forms(g)[i] == StrideForm::run_time)
      sum += " * " + number(fmt::format("{}_{}{}", name, letter(g), i));
  }
  return sum;
}

std::string RowAccessPrinter::bound_term(const Access& access, std::size_t b, const std::string& name, Group g) {
  std::string sum;
  for (std::size_t i = 0; i < coefficients(access, b, g).size(); ++i)
    if (coefficients(access, b, g)[i] != 0)
      sum += " + " + coordinate(g, i) + " * " +
             number(fmt::format("{}_b{}_{}{}", name, b, letter(g), i));
  return sum;
}

std::string RowAccessPrinter::lane_term(const Access& access, const std::string& name, bool at_start) {
  if (at_start && lane_ == Group::k) return "";
  switch (access.forms(lane_).back()) {
    case StrideForm::absent:
      return "";
    case StrideForm::unit:
      return " + v";
    case StrideForm::run_time:
      break;
  }
  return " + v * " + number(fmt::format("{}_{}{}", name, letter(lane_), axes(lane_).size() - 1));
}

std::string RowAccessPrinter::row_part(const Access& access, const std::string& name) {
  std::string text = fmt::format("    row.{} = {}{};\n", name, number(name + "_base"),
                                 term(access, name, Group::m));
  for (std::size_t b = 0; b < access.bounds.size(); ++b)
    text += fmt::format("    row.{0}_b{1} = {2}{3};\n", name, b,
                        number(fmt::format("{}_b{}_offset", name, b)),
                        bound_term(access, b, name, Group::m));
  return text;
}

std::string RowAccessPrinter::load(const RowAccess& read, const std::string& name, std::size_t l,
                                   bool with_lane, const std::string& valid) {
  const RowAccess::Load& from = read.loads[l];
  const std::string index = fmt::format("{}_i{}", name, l);
  std::string where = number(index + "_base") + term(from.at, index, Group::m) +
                      term(from.at, index, Group::k);
  if (with_lane) where += lane_term(from.at, index, false);
  return fmt::format(" + static_cast<Index>(pt::to_i32(pt::global_load(p.{} + ({}), {}))) * {}", index,
                     where, valid, number(index + "_times"));
}

std::string RowAccessPrinter::row_loads(const RowAccess& read, const std::string& name) {
  std::string text;
  for (std::size_t l = 0; l < read.loads.size(); ++l)
    if (load_of_row(read.loads[l], lane_))
      text += fmt::format("    row.{0} = row.{0}{1};\n", name, load(read, name, l, false, "row.valid"));
  return text;
}

std::string RowAccessPrinter::read(std::size_t i, const std::string& into, const std::string& valid, bool at_start) {
  const RowAccess& read = form_.reads[i];
  const std::string name = fmt::format("x{}", i), type = device_type(read.at.type);
  std::string offset = fmt::format("row.{}", name);
  if (!at_start) offset += term(read.at, name, Group::k);
  bool lane_load = false;
  for (std::size_t l = 0; l < read.loads.size(); ++l) {
    if (load_of_row(read.loads[l], lane_)) continue;
    const bool with_lane = !(at_start && lane_ == Group::k) && moves_with_lanes(read.loads[l].at, lane_);
    lane_load = lane_load || with_lane;
    offset += load(read, name, l, with_lane, valid);
  }
  const std::string lane = lane_term(read.at, name, at_start);
  std::string inside, lane_inside;
  for (std::size_t b = 0; b < read.at.bounds.size(); ++b) {
    std::string index = fmt::format("row.{}_b{}", name, b);
    if (!at_start) index += bound_term(read.at, b, name, Group::k);
    const bool lanes_differ = !(at_start && lane_ == Group::k) && coefficients(read.at, b, lane_).back() != 0;
    if (lanes_differ)
      index += " + v * " + number(fmt::format("{}_b{}_{}{}", name, b, letter(lane_), axes(lane_).size() - 1));
    const std::string extent = number(fmt::format("{}_b{}_extent", name, b));
    const std::string test = fmt::format("({0}) >= 0 && ({0}) < {1}", index, extent);
    std::string& all = lanes_differ ? lane_inside : inside;
    all += (all.empty() ? "" : " && ") + test;
  }
  const std::string pad = fmt::format("pt::narrow<{}>({})", type, print_constant(read.at.pad));
  std::string text = "    {\n";
  std::string ok = valid;
  if (!inside.empty()) {
    text += fmt::format("      const bool inside = {};\n", inside);
    ok += " && inside";
  }
  const bool row_of_lanes = !(at_start && lane_ == Group::k);
  if (row_of_lanes && vectorised(read.at, lane_) && !lane_load) {
    text += fmt::format("      pt::load_vector({}, p.{} + ({}), {});\n", into, name, offset, ok);
    if (!inside.empty() && read.at.pad != 0) text += fmt::format("      if (!inside) pt::fill({}, {});\n", into, pad);
    return text + "    }\n";
  }
  if (lane.empty() && lane_inside.empty() && !lane_load) {
    text += fmt::format("      {} one = pt::global_load(p.{} + ({}), {});\n", type, name, offset, ok);
    if (!inside.empty() && read.at.pad != 0) text += fmt::format("      if (!inside) one = {};\n", pad);
    return text + fmt::format("      pt::fill({}, one);\n    }}\n", into);
  }
  text += fmt::format("      PT_UNROLL\n      for (int v = 0; v < {}.size; ++v) {{\n", into);
  std::string lane_ok = ok;
  if (!lane_inside.empty()) {
    text += fmt::format("        const bool lane_inside = {};\n", lane_inside);
    lane_ok += " && lane_inside";
  }
  text += fmt::format("        {}[v] = pt::global_load(p.{} + ({}{}), {});\n", into, name, offset, lane, lane_ok);
  if (read.at.pad != 0 && (!inside.empty() || !lane_inside.empty()))
    text += fmt::format("        if (!({})) {}[v] = {};\n",
                        inside.empty() ? "lane_inside" : lane_inside.empty() ? "inside" : "inside && lane_inside",
                        into, pad);
  return text + "      }\n    }\n";
}

std::string RowAccessPrinter::write(std::size_t i, const std::string& from, const std::string& valid, bool at_row) {
  const Access& access = form_.outputs[i].at;
  const std::string name = fmt::format("y{}", i);
  std::string offset = fmt::format("row.{}", name);
  if (!at_row) offset += term(access, name, Group::k);
  if (at_row && lane_ == Group::k)
    return fmt::format("    pt::global_store(p.{} + ({}), {}[0], {});\n", name, offset, from, valid);
  if (vectorised(access, lane_))
    return fmt::format("    pt::store_vector(p.{} + ({}), {}, {});\n", name, offset, from, valid);
  return fmt::format("    PT_UNROLL\n    for (int v = 0; v < {0}.size; ++v)\n"
                     "      pt::global_store(p.{1} + ({2}{3}), {0}[v], {4});\n",
                     from, name, offset, lane_term(access, name, false), valid);
}

}  // namespace perftune
