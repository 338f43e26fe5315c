#include "codegen/cuda/operand_printer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codegen/cuda/contraction_arguments.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

const char* letter(Group group) { return group_letter(group); }

}  // namespace

OperandPrinter::OperandPrinter(const Contraction& form, const ArgumentList& arguments,
                               std::string index_type)
    : form_(form), arguments_(arguments), index_(std::move(index_type)) {}

std::string OperandPrinter::factor(const std::string& name, const Access& access, Group rows,
                                   bool along_k, int vector) {
  const std::string member = rows == Group::m ? "a" : "b";
  std::string text = head(name, member, access, false);
  text += fmt::format("    static constexpr int vector = {};\n", vector);
  text += fmt::format("    static constexpr bool along_k = {};\n", along_k);
  text += fmt::format("    static constexpr bool pads_zero = {};\n", access.pad == 0);
  const std::string extent = arguments_.use(letter(rows));
  text += fmt::format(
      "    static PT_DEVICE pt::i32 rows(const Params& p) {{ return static_cast<pt::i32>({}); }}\n",
      extent);
  text += offset("batch", member, access, Group::batch);
  text += offset("row", member, access, rows);
  text += offset("depth", member, access, Group::k);
  text += windows(member, access, rows);
  if (access.pad != 0) {
    text += fmt::format(
        "    static PT_DEVICE pt::Vec<Element, vector> padding() {{\n"
        "      using T = pt::f32;\n"
        "      pt::Vec<Element, vector> all;\n"
        "      PT_UNROLL\n"
        "      for (int v = 0; v < vector; ++v) all[v] = pt::narrow<Element>({});\n"
        "      return all;\n    }}\n",
        print_constant(access.pad));
  }
  return text + "  };\n";
}

std::string OperandPrinter::tensor_access(const std::string& member, const Access& access,
                                          const char* inner, const char* outer) {
  std::vector<std::string> axes;
  std::string decoded, batch;
  int rank = 2;
  const auto& forms = access.forms(Group::batch);
  if (indexes(forms)) {
    decoded = decode("b", Group::batch, axes);
    for (std::size_t i = forms.size(); i-- > 0;)
      if (forms[i] != StrideForm::absent)
        batch += fmt::format("      at[{}] = {};\n", rank++, axes[i]);
  }
  return fmt::format(
      "    static constexpr int rank = {rank};\n"
      "    static PT_DEVICE const pt::TensorMap& map(const Params& p) {{ return p.{member}; }}\n"
      "    static PT_DEVICE void locate([[maybe_unused]] const Params& p,\n"
      "                                 [[maybe_unused]] pt::i32 b, pt::i32 row, pt::i32 {other},\n"
      "                                 pt::i32 (&at)[rank]) {{\n{decoded}"
      "      at[0] = {inner};\n      at[1] = {outer};\n{batch}    }}\n",
      fmt::arg("rank", rank), fmt::arg("member", member), fmt::arg("decoded", decoded),
      fmt::arg("inner", inner), fmt::arg("outer", outer), fmt::arg("batch", batch),
      fmt::arg("other", inner == std::string_view("row") ? outer : inner));
}

std::string OperandPrinter::tensor_factor(const std::string& name, const Access& access, Group rows,
                                          bool along_k) {
  return fmt::format("  struct {} {{\n    using Element = {};\n    static constexpr bool along_k = {};\n{}  }};\n",
                     name, device_type(access.type), along_k,
                     tensor_access(rows == Group::m ? "a_map" : "b_map", access,
                                   along_k ? "depth" : "row", along_k ? "row" : "depth"));
}

std::string OperandPrinter::output(const Access& access, int vector, bool tensor_store) {
  std::string text = head("C", "c", access, true);
  text += fmt::format("    static constexpr int vector = {};\n", vector);
  text += offset("batch", "c", access, Group::batch);
  text += offset("row", "c", access, Group::m);
  text += offset("column", "c", access, Group::n);
  if (tensor_store) text += tensor_access("c_map", access, "column", "row");
  return text + "  };\n";
}

std::string OperandPrinter::extra(const Access& access, std::size_t i) {
  const std::string member = fmt::format("e{}", i);
  const auto& forms = access.forms(Group::n);
  std::string text = head(fmt::format("E{}", i), member, access, false);
  text += fmt::format("    static constexpr bool along_n = {};\n",
                      forms.back() == StrideForm::unit);
  text += fmt::format("    static constexpr bool one_per_row = {};\n", !indexes(forms));
  text += offset("batch", member, access, Group::batch);
  text += offset("row", member, access, Group::m);
  text += offset("column", member, access, Group::n);
  return text + "  };\n";
}

std::string OperandPrinter::head(const std::string& name, const std::string& member,
                                 const Access& access, bool writes) {
  const std::string element = device_type(access.type);
  std::string pointer = "p." + member;
  // A guarded access may start before its tensor; what an unguarded one starts at is structural
  // but for its value.
  if (access.base != 0 || !access.bounds.empty())
    pointer += " + " + arguments_.use(member + "_base");
  return fmt::format(
      "  struct {} {{\n    using Element = {};\n    using Index = {};\n"
      "    static PT_DEVICE {}Element* data(const Params& p) {{ return {}; }}\n",
      name, element, index_, writes ? "" : "const ", pointer);
}

std::string OperandPrinter::decode(const std::string& variable, Group group,
                                   std::vector<std::string>& axes) {
  const auto& merged = form_.group(group);
  if (merged.size() == 1) {
    axes = {variable};
    return {};
  }
  std::string text = fmt::format("      pt::i32 {}0 = {};\n", letter(group), variable);
  axes.assign(merged.size(), "");
  axes[0] = fmt::format("{}0", letter(group));
  for (std::size_t i = merged.size() - 1; i > 0; --i) {
    axes[i] = fmt::format("{}{}", letter(group), i);
    const std::string divisor =
        arguments_.use(axes[i] + "_divisor");
    const std::string extent = arguments_.use(axes[i] + "_extent");
    text += fmt::format("      const pt::i32 {} = pt::peel({}, {}, {});\n", axes[i], axes[0],
                        divisor, extent);
  }
  return text;
}

std::string OperandPrinter::offset(const std::string& function, const std::string& member,
                                   const Access& access, Group group) {
  const auto& forms = access.forms(group);
  if (!indexes(forms))
    return fmt::format("    static PT_DEVICE Index {}(const Params&, pt::i32) {{ return 0; }}\n",
                       function);
  const std::string variable = letter(group);
  std::vector<std::string> axes;
  const std::string decoded = decode(variable, group, axes);
  std::string sum;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    if (forms[i] == StrideForm::absent) continue;
    if (!sum.empty()) sum += " + ";
    sum += fmt::format("static_cast<Index>({})", axes[i]);
    if (forms[i] == StrideForm::run_time) {
      const std::string stride = arguments_.use(fmt::format("{}_{}{}", member, letter(group), i));
      sum += fmt::format(" * static_cast<Index>({})", stride);
    }
  }
  const bool uses_params = sum.find("p.") != std::string::npos || !decoded.empty();
  return fmt::format(
      "    static PT_DEVICE Index {}(const Params&{}, pt::i32 {}) {{\n{}      return {};\n    }}\n",
      function, uses_params ? " p" : "", variable, decoded, sum);
}

std::string OperandPrinter::window_terms(const std::string& member, const Access& access,
                                         std::size_t bound, Group group,
                                         const std::vector<std::string>& axes) {
  const auto& coefficients = access.bounds[bound].coefficient[static_cast<std::size_t>(group)];
  std::string sum;
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    if (coefficients[i] == 0) continue;
    const std::string factor = arguments_.use(fmt::format("{}_bound{}_{}{}", member, bound, letter(group), i));
    sum += fmt::format(" + {} * static_cast<pt::i32>({})", axes[i], factor);
  }
  return sum;
}

std::string OperandPrinter::windows(const std::string& member, const Access& access, Group rows) {
  const std::size_t count = access.bounds.size();
  if (count == 0) {
    return "    struct Window {};\n"
           "    static PT_DEVICE Window row_window(const Params&, pt::i32, pt::i32) { return {}; }\n"
           "    static PT_DEVICE Window depth_window(const Params&, pt::i32) { return {}; }\n"
           "    static PT_DEVICE bool inside(const Params&, Window, Window) { return true; }\n";
  }
  const auto used = [&](Group group) {
    return std::any_of(access.bounds.begin(), access.bounds.end(), [&](const Access::Bound& b) {
      return indexes(b.coefficient[static_cast<std::size_t>(group)]);
    });
  };
  std::vector<std::string> b, r, k;
  const std::string decode_b = used(Group::batch) ? decode("batch", Group::batch, b) : "";
  const std::string decode_r = used(rows) ? decode("row", rows, r) : "";
  const std::string decode_k = used(Group::k) ? decode("depth", Group::k, k) : "";
  std::string row_values, depth_values, inside;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string offset = arguments_.use(fmt::format("{}_bound{}_offset", member, i));
    const std::string extent = arguments_.use(fmt::format("{}_bound{}_extent", member, i));
    row_values += fmt::format("{}static_cast<pt::i32>({}){}{}", i > 0 ? ", " : "", offset,
                              window_terms(member, access, i, Group::batch, b),
                              window_terms(member, access, i, rows, r));
    depth_values += fmt::format("{}0{}", i > 0 ? ", " : "",
                                window_terms(member, access, i, Group::k, k));
    inside += fmt::format(
        "{}static_cast<pt::u32>(r.at[{}] + d.at[{}]) < static_cast<pt::u32>({})",
        i > 0 ? " &&\n             " : "", i, i, extent);
  }
  return fmt::format(
      "    struct Window {{ pt::i32 at[{}]; }};\n"
      "    static PT_DEVICE Window row_window([[maybe_unused]] const Params& p,\n"
      "                                       [[maybe_unused]] pt::i32 batch,\n"
      "                                       [[maybe_unused]] pt::i32 row) {{\n"
      "{}{}      return {{{{{}}}}};\n    }}\n"
      "    static PT_DEVICE Window depth_window([[maybe_unused]] const Params& p,\n"
      "                                         [[maybe_unused]] pt::i32 depth) {{\n"
      "{}      return {{{{{}}}}};\n    }}\n"
      "    static PT_DEVICE bool inside(const Params& p, Window r, Window d) {{\n"
      "      return {};\n    }}\n",
      count, decode_b, decode_r, row_values, decode_k, depth_values, inside);
}

}  // namespace perftune
