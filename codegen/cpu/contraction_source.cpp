#include "codegen/cpu/contraction_source.hpp"

#include <fmt/format.h>

#include "codegen/argument_text.hpp"
#include "codegen/cpu/contraction_scalars.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

std::string product_of_extents(const Contraction& form, Group g) {
  std::string text;
  for (std::size_t i = 0; i < form.group(g).size(); ++i)
    text += (text.empty() ? "p." : " * p.") + extent_name(g, i);
  return text;
}

// How an operand of the epilogue lies along n: '0' all columns read one element, 'n' contiguous, 's' neither.
char extra_unit(const Access& access, const CpuOperand& extra) {
  if (extra.offset(Group::n) == "0") return '0';
  return contiguous_group(access, {Group::n}) == 'n' ? 'n' : 's';
}

// The epilogue, whose tables of columns begin with number `table`, and calls that fill them.
struct Epilogue {
  std::string body, tables;
  int last_table;
};

std::string table_call(int table, const CpuOperand& operand) {
  return fmt::format("    pt::fill_offsets(to + {} * pt::table_width<Contraction>, count, {}, n);\n", table,
                     operand.walk(Group::n));
}

Epilogue epilogue_text(const Contraction& form, int table) {
  Epilogue text{"", "", table};
  for (std::size_t i = 0; i < form.extra.size(); ++i) {
    const CpuOperand extra(form, form.extra[i], extra_operand_name(i));
    const char unit = extra_unit(form.extra[i], extra);
    const std::string at = fmt::format("{} + ({}) + ({})", extra.base(), extra.offset(Group::batch), extra.offset(Group::m));
    if (unit != 's') {
      text.body += fmt::format(
          "    const T e{} = pt::read_extra<Value, '{}'>({}, n, lanes, mask,\n"
          "        [&]([[maybe_unused]] i64 n) -> i64 {{ return {}; }});\n", i, unit, at, extra.offset(Group::n));
      continue;
    }
    text.body += fmt::format("    const T e{} = pt::read_extra_at<Value>({}, columns + {} * pt::table_width<Contraction>, lanes);\n",
                             i, at, text.last_table);
    text.tables += table_call(text.last_table++, extra);
  }
  text.body += "    return " + print_scalar(form.epilogue, form.extra_reads) + ";\n";
  return text;
}

constexpr const char* form_letter[] = {"'t'", "'d'", "'a'"};

}  // namespace

Kernel contraction_source(const Contraction& form, const CpuTiles& tiles) {
  Kernel kernel;
  kernel.language = Kernel::Language::cpp;
  kernel.program = tiles.to_program();
  kernel.entry = "perftune_contraction";

  const ArgumentList arguments = contraction_arguments(form, tiles, 1);
  kernel.arguments = arguments.arguments();
  const std::string left = device_type(form.a.type), right = device_type(form.b.type),
                    out = device_type(form.c.type);
  const CpuOperands operands(form, tiles);
  const CpuOperand &a = operands.a, &b = operands.b, &c = operands.c;
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
  body += address("i64", "left_step", 'k', a.tabled(Group::k) ? "left_table()[k]" : a.offset(Group::k));
  body += address("const Right*", "right", 'b', b.base() + " + (" + b.offset(Group::batch) + ")");
  body += address("i64", "right_step", 'k', b.tabled(Group::k) ? "right_table()[k]" : b.offset(Group::k));
  body += address("i64", "right_column", 'n', b.offset(Group::n));
  body += address("Out*", "out", 'b', c.base() + " + (" + c.offset(Group::batch) + ")");
  body += address("i64", "out_row", 'm', c.offset(Group::m));
  body += address("i64", "out_column", 'n', c.offset(Group::n));
  for (const auto& [name, text] :
       {std::pair{"left_rows", a.walk(Group::m)}, {"left_steps", a.walk(Group::k)},
        {"right_columns", b.walk(Group::n)}, {"right_steps", b.walk(Group::k)}})
    body += fmt::format("  auto {}() const {{ return {}; }}\n", name, text);
  body += fmt::format("  i64 right_column_stride() const {{ return {}; }}\n", b.last_stride(Group::n));
  body += fmt::format("  i64 right_stride() const {{ return {}; }}\n",
                      b.tabled(Group::k) ? "p.right_linear" : b.last_stride(Group::k));
  for (const auto& [operand, name] : {std::pair{&a, "left"}, {&b, "right"}}) {
    body += fmt::format("  i64* {0}_table() const {{ return reinterpret_cast<i64*>(partials() + p.{0}_table); }}\n", name);
    body += fmt::format("  Sum* staged_{0}() const {{ return partials() + p.{0}_copy; }}\n", name);
  }
  body += "  void stage([[maybe_unused]] int task, [[maybe_unused]] int tasks) const {\n";
  if (a.staged()) body += "    " + a.stage_call() + "\n";
  if (b.staged()) body += "    " + b.stage_call() + "\n";
  body += "  }\n";
  if (a.tested())
    body += "  bool left_inside([[maybe_unused]] i64 b, [[maybe_unused]] i64 m, "
            "[[maybe_unused]] i64 k) const {\n    return " + a.inside() + ";\n  }\n";
  if (b.tested())
    body += "  bool right_inside([[maybe_unused]] i64 b, [[maybe_unused]] i64 n, "
            "[[maybe_unused]] i64 k) const {\n    return " + b.inside() + ";\n  }\n";
  // 'r': in runs, of the last axis at least.
  char left_unit = contiguous_group(form.a, {Group::k, Group::m});
  if (left_unit == '0' && !a.tested() && form.a.forms(Group::k).back() == StrideForm::unit) left_unit = 'r';
  char right_unit = contiguous_group(form.b, {Group::n, Group::k});
  if (right_unit == '0' && !b.tested()) right_unit = 'r';
  char out_unit = contiguous_group(form.c, {Group::n});
  if (out_unit == '0' && output_in_runs(form)) out_unit = 'r';
  if (tiles.turned != 0) out_unit = 'm';

  const Epilogue epilogue = epilogue_text(form, out_unit == 'n' ? 0 : 1);
  body += "  void column_offsets([[maybe_unused]] i64 n, [[maybe_unused]] i64 count, [[maybe_unused]] i64* to) const {\n" +
          (out_unit == 'n' ? "" : table_call(0, c)) + epilogue.tables + "  }\n";

  kernel.source = fmt::format(
      R"(// {program}
#define PT_UNROLL_STEPS _Pragma("GCC unroll {unroll}")
#include "perftune/contraction.hpp"

using pt::i64;

struct Params {{
{members}}};

struct Contraction {{
  const Params& p;

  using Sum = {sum};
  using Left = {left};
  using Right = {right};
  using Out = {out};
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
  static constexpr bool left_tabled = {left_tabled}, right_tabled = {right_tabled}, stages = {stages};
  static constexpr double left_pad = {left_pad}, right_pad = {right_pad};
  static constexpr bool sums_in_output = {sums_in_output};
  static constexpr int column_tables = {column_tables};

{body}
  i64 left_run() const {{ return p.left_run; }}
  i64 right_run() const {{ return p.right_run; }}
  i64 out_run() const {{ return p.out_run; }}
  Sum* partials() const {{ return static_cast<Sum*>(p.workspace); }}
  Sum* scratch(i64 task) const {{ return partials() + p.scratch_offset + task * p.scratch_stride; }}
  i64 right_scratch() const {{ return p.scratch_right; }}

  pt::Vector<Value> epilogue(pt::Vector<Value> acc, [[maybe_unused]] i64 b, [[maybe_unused]] i64 m,
                             [[maybe_unused]] i64 n, [[maybe_unused]] int lanes,
                             [[maybe_unused]] pt::Mask mask,
                             [[maybe_unused]] const i64* columns) const {{
    using T [[maybe_unused]] = pt::Vector<Value>;
{epilogue}  }}
}};

extern "C" __attribute__((visibility("default"))) void perftune_contraction(
    const Params* params, const PerftunePool* pool) {{
  pt::run(Contraction{{*params}}, *pool);
}}
)",
      fmt::arg("program", kernel.program.text()), fmt::arg("members", member_text(arguments, "i64", "void*")),
      fmt::arg("left", a.staged() ? "Sum" : left), fmt::arg("right", b.staged() ? "Sum" : right), fmt::arg("out", out),
      fmt::arg("sum", device_type(form.accumulate)), fmt::arg("value", device_type(scalar_type(form))),
      fmt::arg("form", form_letter[tiles.form]), fmt::arg("register_m", tiles.register_m),
      fmt::arg("register_n", tiles.register_n), fmt::arg("block_m", tiles.block_m),
      fmt::arg("block_n", tiles.block_n), fmt::arg("block_k", tiles.block_k),
      fmt::arg("pack_a", tiles.pack_a != 0), fmt::arg("pack_b", tiles.pack_b != 0),
      fmt::arg("rows_inner", tiles.rows_inner != 0), fmt::arg("threads_b", tiles.threads_b),
      fmt::arg("threads_m", tiles.threads_m), fmt::arg("threads_n", tiles.threads_n),
      fmt::arg("split_k", tiles.split_k), fmt::arg("unroll", tiles.unroll),
      fmt::arg("prefetch", tiles.prefetch), fmt::arg("stream_c", tiles.stream_c != 0),
      fmt::arg("left_unit", left_unit), fmt::arg("right_unit", right_unit), fmt::arg("out_unit", out_unit),
      fmt::arg("left_bounded", a.tested()), fmt::arg("right_bounded", b.tested()),
      fmt::arg("left_tabled", a.tabled(Group::k)), fmt::arg("right_tabled", b.tabled(Group::k)),
      fmt::arg("stages", a.staged() || b.staged()), fmt::arg("left_pad", form.a.pad),
      fmt::arg("right_pad", form.b.pad), fmt::arg("sums_in_output", sums_fit_output(form)),
      fmt::arg("column_tables", epilogue.last_table), fmt::arg("body", body), fmt::arg("epilogue", epilogue.body));
  return kernel;
}

}  // namespace perftune
