#include "codegen/cpu/contraction_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

std::size_t at(Group g) { return static_cast<std::size_t>(g); }
char letter(Group g) { return "bmnk"[at(g)]; }

std::string extent_name(Group g, std::size_t axis) { return fmt::format("{}{}", letter(g), axis); }

std::int64_t round_up(std::int64_t x, std::int64_t to) { return (x + to - 1) / to * to; }

// The coordinate along one merged axis, of the group's flat index (a variable of that letter).
std::string coordinate(const Contraction& form, Group g, std::size_t axis) {
  const std::size_t axes = form.group(g).size();
  std::string text(1, letter(g));
  if (axis + 1 < axes) {
    std::string divisor;
    for (std::size_t i = axis + 1; i < axes; ++i)
      divisor += (divisor.empty() ? "p." : " * p.") + extent_name(g, i);
    text += " / (" + divisor + ")";
  }
  if (axis > 0) text += " % p." + extent_name(g, axis);
  return text;
}

// One operand of the kernel: the text of its address functions, and the values they read.
class Operand {
 public:
  Operand(const Contraction& form, const Access& access, std::string prefix)
      : form_(form), access_(access), prefix_(std::move(prefix)) {}

  void collect(std::vector<CpuScalar>& scalars) const {
    scalars.push_back({prefix_ + "_base", access_.base});
    for (const Group g : all_groups)
      for (std::size_t i = 0; i < form_.group(g).size(); ++i)
        if (access_.forms(g)[i] == StrideForm::run_time)
          scalars.push_back({stride_name(g, i), access_.strides(g)[i]});
    for (std::size_t j = 0; j < access_.bounds.size(); ++j) {
      scalars.push_back({fmt::format("{}_bound{}_offset", prefix_, j), access_.bounds[j].offset});
      scalars.push_back({fmt::format("{}_bound{}_extent", prefix_, j), access_.bounds[j].extent});
      for (const Group g : all_groups)
        for (std::size_t i = 0; i < form_.group(g).size(); ++i)
          if (access_.bounds[j].coefficient[at(g)][i] != 0)
            scalars.push_back({bound_name(j, g, i), access_.bounds[j].coefficient[at(g)][i]});
    }
  }

  // Offset of the group's flat index, in elements.
  std::string offset(Group g) const {
    std::string sum;
    for (std::size_t i = 0; i < form_.group(g).size(); ++i) {
      if (access_.forms(g)[i] == StrideForm::absent) continue;
      if (!sum.empty()) sum += " + ";
      sum += coordinate(form_, g, i);
      if (access_.forms(g)[i] == StrideForm::run_time) sum += " * p." + stride_name(g, i);
    }
    return sum.empty() ? "0" : sum;
  }

  std::string base() const { return fmt::format("p.{0} + p.{0}_base", prefix_); }

  // Whether the flat indices b, m, n, k lie inside the tensor.
  std::string inside() const {
    std::string all;
    for (std::size_t j = 0; j < access_.bounds.size(); ++j) {
      std::string index = fmt::format("p.{}_bound{}_offset", prefix_, j);
      for (const Group g : all_groups)
        for (std::size_t i = 0; i < form_.group(g).size(); ++i)
          if (access_.bounds[j].coefficient[at(g)][i] != 0)
            index += fmt::format(" + {} * p.{}", coordinate(form_, g, i), bound_name(j, g, i));
      if (!all.empty()) all += " && ";
      all += fmt::format("pt::within({}, p.{}_bound{}_extent)", index, prefix_, j);
    }
    return all.empty() ? "true" : all;
  }

 private:
  std::string stride_name(Group g, std::size_t i) const {
    return fmt::format("{}_{}{}", prefix_, letter(g), i);
  }
  std::string bound_name(std::size_t j, Group g, std::size_t i) const {
    return fmt::format("{}_bound{}_{}{}", prefix_, j, letter(g), i);
  }

  const Contraction& form_;
  const Access& access_;
  std::string prefix_;
};

std::string extra_name(std::size_t i) { return fmt::format("extra{}", i); }

std::string product_of_extents(const Contraction& form, Group g) {
  std::string text;
  for (std::size_t i = 0; i < form.group(g).size(); ++i)
    text += (text.empty() ? "p." : " * p.") + extent_name(g, i);
  return text;
}

std::string epilogue_text(const Contraction& form) {
  std::string body;
  for (std::size_t i = 0; i < form.extra.size(); ++i) {
    const Operand extra(form, form.extra[i], extra_name(i));
    const char unit = contiguous_group(form.extra[i], {Group::n});
    const bool constant = extra.offset(Group::n) == "0";
    body += fmt::format(
        "    const T e{} = pt::read_extra<Value, '{}'>({} + {} + {}, n, lanes, mask,\n"
        "        [&]([[maybe_unused]] i64 n) -> i64 {{ return {}; }});\n",
        i, constant ? '0' : unit == 'n' ? 'n' : 's', extra.base(), "(" + extra.offset(Group::batch) + ")",
        "(" + extra.offset(Group::m) + ")", extra.offset(Group::n));
  }
  return body + "    return " + print_scalar(form.epilogue, form.extra_reads) + ";\n";
}

constexpr const char* form_letter[] = {"'t'", "'d'", "'a'"};

}  // namespace

char contiguous_group(const Access& access, std::initializer_list<Group> groups) {
  for (const Group g : groups)
    if (access.forms(g).size() == 1 && access.forms(g)[0] == StrideForm::unit) return letter(g);
  return '0';
}

bool sums_fit_output(const Contraction& form) {
  return form.c.type == form.accumulate && scalar_type(form) == form.accumulate &&
         contiguous_group(form.c, {Group::n}) == 'n';
}

CpuScratch cpu_scratch(const Contraction& form, const CpuTiles& tiles, std::int64_t lanes) {
  const std::int64_t rows = std::min(tiles.block_m, form.extent(Group::m));
  const std::int64_t columns = std::min(tiles.block_n, form.extent(Group::n));
  const std::int64_t depth = std::min(tiles.block_k, form.extent(Group::k));
  CpuScratch scratch;
  if (tiles.form == CpuTiles::axpy) scratch.right = tiles.register_m * round_up(columns, lanes);
  if (tiles.form == CpuTiles::tile && tiles.pack_b != 0)
    scratch.right = round_up(columns, lanes) * depth;
  const bool packs_left = tiles.form == CpuTiles::tile && tiles.pack_a != 0;
  const std::int64_t left = packs_left ? round_up(rows, tiles.register_m) * depth : 0;
  // A vector of slack after each: packing stores whole vectors.
  scratch.right = round_up(scratch.right, lanes) + lanes;
  scratch.task = scratch.right + round_up(left, lanes) + lanes;
  if (tiles.split_k > 1)
    scratch.partials = round_up(tiles.split_k * form.extent(Group::batch) * form.extent(Group::m) *
                                    form.extent(Group::n), lanes);
  return scratch;
}

std::vector<CpuScalar> contraction_scalars(const Contraction& form, const CpuTiles& tiles,
                                           std::int64_t lanes) {
  std::vector<CpuScalar> scalars;
  for (const Group g : all_groups)
    for (std::size_t i = 0; i < form.group(g).size(); ++i)
      scalars.push_back({extent_name(g, i), form.group(g)[i].extent});
  Operand(form, form.a, "left").collect(scalars);
  Operand(form, form.b, "right").collect(scalars);
  Operand(form, form.c, "out").collect(scalars);
  for (std::size_t i = 0; i < form.extra.size(); ++i)
    Operand(form, form.extra[i], extra_name(i)).collect(scalars);
  const CpuScratch scratch = cpu_scratch(form, tiles, lanes);
  scalars.push_back({"scratch_offset", scratch.partials});
  scalars.push_back({"scratch_stride", scratch.task});
  scalars.push_back({"scratch_right", scratch.right});
  return scalars;
}

Kernel contraction_source(const Contraction& form, const CpuTiles& tiles) {
  Kernel kernel;
  kernel.language = Kernel::Language::cpp;
  kernel.program = tiles.to_program();
  kernel.entry = "perftune_contraction";

  std::string members;
  const auto pointer = [&](int tensor, const std::string& name, const std::string& type) {
    kernel.arguments.push_back({Argument::Kind::tensor, tensor, name});
    members += fmt::format("  {}* {};\n", type, name);
  };
  const std::string left = device_type(form.a.type), right = device_type(form.b.type),
                    out = device_type(form.c.type);
  pointer(form.a.tensor, "left", "const " + left);
  pointer(form.b.tensor, "right", "const " + right);
  pointer(form.c.tensor, "out", out);
  for (std::size_t i = 0; i < form.extra.size(); ++i)
    pointer(form.extra[i].tensor, extra_name(i), "const " + device_type(form.extra[i].type));
  kernel.arguments.push_back({Argument::Kind::workspace, -1, "workspace"});
  members += "  void* workspace;\n";
  for (const CpuScalar& scalar : contraction_scalars(form, tiles, 1)) {
    kernel.arguments.push_back({Argument::Kind::scalar, -1, scalar.name});
    members += fmt::format("  i64 {};\n", scalar.name);
  }

  const Operand a(form, form.a, "left"), b(form, form.b, "right"), c(form, form.c, "out");
  const auto address = [](const char* type, const char* name, char index, const std::string& text) {
    return fmt::format("  {} {}([[maybe_unused]] i64 {}) const {{ return {}; }}\n", type, name,
                       index, text);
  };
  std::string body;
  for (const auto& [name, group] : {std::pair{"batches", Group::batch}, {"rows", Group::m},
                                    {"columns", Group::n}, {"depth", Group::k}})
    body += fmt::format("  i64 {}() const {{ return {}; }}\n", name, product_of_extents(form, group));
  body += address("const Left*", "left", 'b', a.base() + " + (" + a.offset(Group::batch) + ")");
  body += address("i64", "left_row", 'm', a.offset(Group::m));
  body += address("i64", "left_step", 'k', a.offset(Group::k));
  body += address("const Right*", "right", 'b', b.base() + " + (" + b.offset(Group::batch) + ")");
  body += address("i64", "right_step", 'k', b.offset(Group::k));
  body += address("i64", "right_column", 'n', b.offset(Group::n));
  body += address("Out*", "out", 'b', c.base() + " + (" + c.offset(Group::batch) + ")");
  body += address("i64", "out_row", 'm', c.offset(Group::m));
  body += address("i64", "out_column", 'n', c.offset(Group::n));
  if (!form.a.bounds.empty())
    body += "  bool left_inside([[maybe_unused]] i64 b, [[maybe_unused]] i64 m, "
            "[[maybe_unused]] i64 k) const {\n    return " + a.inside() + ";\n  }\n";
  if (!form.b.bounds.empty())
    body += "  bool right_inside([[maybe_unused]] i64 b, [[maybe_unused]] i64 n, "
            "[[maybe_unused]] i64 k) const {\n    return " + b.inside() + ";\n  }\n";

  kernel.source = fmt::format(
      R"(// {program}
#define PT_UNROLL_STEPS _Pragma("GCC unroll {unroll}")
#include "perftune/contraction.hpp"

using pt::i64;

struct Params {{
{members}}};

struct Contraction {{
  const Params& p;

  using Left = {left};
  using Right = {right};
  using Out = {out};
  using Sum = {sum};
  using Value = {value};
  static constexpr char form = {form};
  static constexpr int register_m = {register_m}, register_n = {register_n};
  static constexpr i64 block_m = {block_m}, block_n = {block_n}, block_k = {block_k};
  static constexpr bool pack_a = {pack_a}, pack_b = {pack_b}, rows_inner = {rows_inner};
  static constexpr int threads_b = {threads_b}, threads_m = {threads_m}, threads_n = {threads_n};
  static constexpr int split_k = {split_k}, unroll = {unroll}, prefetch = {prefetch};
  static constexpr bool stream_c = {stream_c};
  static constexpr char left_unit = '{left_unit}', right_unit = '{right_unit}', out_unit = '{out_unit}';
  static constexpr bool left_bounded = {left_bounded}, right_bounded = {right_bounded};
  static constexpr double left_pad = {left_pad}, right_pad = {right_pad};
  static constexpr bool sums_in_output = {sums_in_output};

{body}
  Sum* partials() const {{ return static_cast<Sum*>(p.workspace); }}
  Sum* scratch(i64 task) const {{ return partials() + p.scratch_offset + task * p.scratch_stride; }}
  i64 right_scratch() const {{ return p.scratch_right; }}

  pt::Vector<Value> epilogue(pt::Vector<Value> acc, [[maybe_unused]] i64 b, [[maybe_unused]] i64 m,
                             [[maybe_unused]] i64 n, [[maybe_unused]] int lanes,
                             [[maybe_unused]] pt::Mask mask) const {{
    using T [[maybe_unused]] = pt::Vector<Value>;
{epilogue}  }}
}};

extern "C" __attribute__((visibility("default"))) void perftune_contraction(
    const Params* params, const PerftunePool* pool) {{
  pt::run(Contraction{{*params}}, *pool);
}}
)",
      fmt::arg("program", kernel.program.text()), fmt::arg("members", members),
      fmt::arg("left", left), fmt::arg("right", right), fmt::arg("out", out),
      fmt::arg("sum", device_type(form.accumulate)), fmt::arg("value", device_type(scalar_type(form))),
      fmt::arg("form", form_letter[tiles.form]), fmt::arg("register_m", tiles.register_m),
      fmt::arg("register_n", tiles.register_n), fmt::arg("block_m", tiles.block_m),
      fmt::arg("block_n", tiles.block_n), fmt::arg("block_k", tiles.block_k),
      fmt::arg("pack_a", tiles.pack_a != 0), fmt::arg("pack_b", tiles.pack_b != 0),
      fmt::arg("rows_inner", tiles.rows_inner != 0), fmt::arg("threads_b", tiles.threads_b),
      fmt::arg("threads_m", tiles.threads_m), fmt::arg("threads_n", tiles.threads_n),
      fmt::arg("split_k", tiles.split_k), fmt::arg("unroll", tiles.unroll),
      fmt::arg("prefetch", tiles.prefetch), fmt::arg("stream_c", tiles.stream_c != 0),
      fmt::arg("left_unit", contiguous_group(form.a, {Group::k, Group::m})),
      fmt::arg("right_unit", contiguous_group(form.b, {Group::n, Group::k})),
      fmt::arg("out_unit", contiguous_group(form.c, {Group::n})),
      fmt::arg("left_bounded", !form.a.bounds.empty()),
      fmt::arg("right_bounded", !form.b.bounds.empty()), fmt::arg("left_pad", form.a.pad),
      fmt::arg("right_pad", form.b.pad), fmt::arg("sums_in_output", sums_fit_output(form)),
      fmt::arg("body", body), fmt::arg("epilogue", epilogue_text(form)));
  return kernel;
}

}  // namespace perftune
