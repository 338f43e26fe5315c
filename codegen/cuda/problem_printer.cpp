#include "codegen/cuda/problem_printer.hpp"

#include <fmt/format.h>

#include "codegen/argument_text.hpp"
#include "codegen/scalar_printer.hpp"

namespace perftune {
namespace {

// Sums are kept in f64, f32 or i32, whatever narrower type the operator names: more accurate,
// and no slower.
DType sum_type(DType accumulate) {
  if (accumulate == DType::f64) return DType::f64;
  return is_floating(accumulate) ? DType::f32 : DType::i32;
}

// Alternatives at one stride cost nothing here: the text names every tensor once.
constexpr const char* kFinish =
    "  using Scalar = {scalar};\n"
    "  template <int N>\n"
    "  static PT_DEVICE pt::Vec<C::Element, N> finish([[maybe_unused]] const Params& p,\n"
    "      [[maybe_unused]] pt::i32 b, [[maybe_unused]] pt::i32 m, [[maybe_unused]] pt::i32 n,\n"
    "      [[maybe_unused]] bool valid, const pt::Vec<Accumulator, N>& sums) {{\n"
    "    using T = Scalar;\n"
    "{loads}"
    "    pt::Vec<C::Element, N> out;\n"
    "    PT_UNROLL\n"
    "    for (int v = 0; v < N; ++v) {{\n"
    "      const T acc = pt::narrow<T>(sums[v]);\n"
    "{widens}"
    "      out[v] = pt::narrow<C::Element>({value});\n"
    "    }}\n"
    "    return out;\n"
    "  }}\n";

}  // namespace

ProblemPrinter::ProblemPrinter(const Contraction& form, const ContractionTiles& tiles,
                               const ArgumentList& arguments)
    : form_(form), tiles_(tiles), arguments_(arguments),
      operand_(form, arguments, tiles.index_bits == 64 ? "pt::i64" : "pt::i32") {}

std::string ProblemPrinter::operands(bool a_along_k, bool b_along_k, bool tensor_copies) {
  std::string text;
  if (tensor_copies) {
    text = operand_.tensor_factor("A", form_.a, Group::m, a_along_k);
    text += operand_.tensor_factor("B", form_.b, Group::n, b_along_k);
  } else {
    text = operand_.factor("A", form_.a, Group::m, a_along_k, tiles_.vector_a);
    text += operand_.factor("B", form_.b, Group::n, b_along_k, tiles_.vector_b);
  }
  for (std::size_t i = 0; i < form_.extra.size(); ++i) text += operand_.extra(form_.extra[i], i);
  return text + operand_.output(form_.c, tiles_.vector_c, tiles_.tensor_store != 0);
}

std::string ProblemPrinter::finish() {
  std::string loads, widens;
  for (std::size_t i = 0; i < form_.extra.size(); ++i) {
    // Sums that leave by TMA are all alive meanwhile: nothing else should be.
    loads += fmt::format("    const auto x{0} = pt::load_along_n<E{0}, N{1}>(p, b, m, n, valid);\n", i,
                         tiles_.tensor_store != 0 ? ", true" : "");
    widens += fmt::format("      const T e{0} = pt::widen<T>(x{0}[v]);\n", i);
  }
  return fmt::format(fmt::runtime(kFinish), fmt::arg("scalar", device_type(scalar_type(form_))),
                     fmt::arg("loads", loads), fmt::arg("widens", widens),
                     fmt::arg("value", print_scalar(form_.epilogue, form_.extra_reads)));
}

std::string ProblemPrinter::source(const TileProgram& program, const Hardware& hardware,
                                   const char* header, const char* entry, const char* kernel,
                                   const std::string& body, int min_blocks) const {
  // Whether there is a batch is structural: its group is empty or it is not.
  const bool batched = !form_.group(Group::batch).front().axes.empty();
  return fmt::format(
      "// {program}\n"
      "#define PT_ARCH {arch}\n"
      "#include \"perftune/{header}\"\n\n"
      "struct Params {{\n{members}}};\n\n"
      "struct Problem {{\n"
      "  using Accumulator = {accumulator};\n"
      "  static constexpr bool batched = {batched};\n"
      "{body}}};\n\n"
      "PT_KERNEL({entry}, {threads}, {blocks}) {{ {kernel}<Problem, Params>::run(params); }}\n",
      fmt::arg("program", program.text()), fmt::arg("arch", hardware.compute_capability * 10),
      fmt::arg("header", header), fmt::arg("members", member_text(arguments_)),
      fmt::arg("accumulator", device_type(sum_type(form_.accumulate))),
      fmt::arg("batched", batched), fmt::arg("body", body), fmt::arg("entry", entry),
      fmt::arg("threads", tiles_.threads()), fmt::arg("blocks", min_blocks),
      fmt::arg("kernel", kernel));
}

}  // namespace perftune
