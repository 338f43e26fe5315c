#include "tests/families/random_expression.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/oracle/random_operator.hpp"

namespace perftune::testing {
namespace {

using Names = std::vector<std::string>;

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed * 2 + 1) {}

  std::string map() {
    draw_axes(static_cast<int>(up_to(1, 4)), 'i', 2000);
    const std::string value = expression(static_cast<int>(up_to(1, 3)));
    const Names left = shuffled(names_);
    return finish({fmt::format("Y[{}] = {}", list(left), value)}, left);
  }

  std::string reduction() {
    divides_ = false;  // families that reduce take affine subscripts
    draw_axes(static_cast<int>(up_to(0, 3)), 'i', 300);
    const Names kept = names_;
    draw_axes(static_cast<int>(up_to(1, 2)), 'r', 200);
    const Names over(names_.begin() + static_cast<std::ptrdiff_t>(kept.size()), names_.end());
    const char* kinds[] = {"sum", "max", "min", "sum"};
    // Every reduced axis must matter.
    std::string inside = read(shuffled(names_));
    if (chance(50)) inside = fmt::format("{}({})", pick({"abs", "tanh", "relu", "exp"}), inside);
    if (chance(40)) inside += fmt::format(" * {}", read(shuffled(names_)));
    std::string value = fmt::format("{}[{}]({})", kinds[up_to(0, 3)], list(over), inside);
    if (chance(40)) value = fmt::format("{} * 0.25", value);
    names_ = kept;
    if (!kept.empty() && chance(40)) value += fmt::format(" + {}", read(subset(kept)));
    const Names left = shuffled(kept);
    return finish({fmt::format("Y{} = {}", bracket(left), value)}, left);
  }

  std::string row() {
    divides_ = false;
    draw_axes(static_cast<int>(up_to(0, 2)), 'i', 60);
    const Names outer = names_;
    draw_axes(1, 'n', 300);
    const std::string o = outer.empty() ? "" : list(outer), at = list(names_);
    const std::string x = fmt::format("x[{}]", at), m = bracket(outer);
    inputs_.push_back(fmt::format("x: \"{}[{}]\"", type(), at));
    Names lines;
    switch (up_to(0, 3)) {
      case 0:
        lines = {fmt::format("t{} = max[n0]({})", m, x), fmt::format("e[{}] = exp({} - t{})", at, x, m),
                 fmt::format("s{} = sum[n0](e[{}])", m, at), fmt::format("Y[{}] = e[{}] / s{}", at, at, m)};
        break;
      case 1:
        lines = {fmt::format("q{} = sum[n0]({} * {}) / n0", m, x, x),
                 fmt::format("Y[{}] = {} * rsqrt(q{} + 0.001){}", at, x, m,
                             chance(50) ? " * " + read({"n0"}) : "")};
        break;
      case 2:
        lines = {fmt::format("a{} = sum[n0]({}) / n0", m, x),
                 fmt::format("v{} = sum[n0](({} - a{}) * ({} - a{})) / n0", m, x, m, x, m),
                 fmt::format("Y[{}] = ({} - a{}) * rsqrt(v{} + 0.01)", at, x, m, m)};
        break;
      default:
        lines = {fmt::format("t{} = max[n0](abs({}))", m, x),
                 fmt::format("Y[{}] = {} / (t{} + 1)", at, x, m)};
    }
    return finish(lines, names_);
  }

  // Elementwise, then a reduction, then elementwise again: several kernels where nothing takes all.
  std::string chain() {
    divides_ = false;
    draw_axes(2, 'i', 400);
    const std::string at = list(names_);
    const std::string first = expression(2);
    Names lines = {fmt::format("h[{}] = {}", at, first),
                   fmt::format("s[i0] = {}[i1](h[{}])", pick({"sum", "max", "min"}), at)};
    lines.push_back(fmt::format("Y[{}] = h[{}] * {} + s[i0]", at, at, read(subset(names_))));
    return finish(lines, names_);
  }

 private:
  std::int64_t up_to(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(int percent) { return up_to(1, 100) <= percent; }
  std::string pick(const Names& from) {
    return from[static_cast<std::size_t>(up_to(0, static_cast<std::int64_t>(from.size()) - 1))];
  }
  Names shuffled(Names names) {
    for (std::size_t i = names.size(); i > 1; --i)
      std::swap(names[i - 1], names[static_cast<std::size_t>(up_to(0, static_cast<std::int64_t>(i) - 1))]);
    return names;
  }
  Names subset(const Names& names) {
    Names some;
    for (const std::string& name : shuffled(names))
      if (chance(60)) some.push_back(name);
    return some;
  }
  static std::string list(const Names& names) { return fmt::format("{}", fmt::join(names, ",")); }
  static std::string bracket(const Names& names) { return names.empty() ? "" : "[" + list(names) + "]"; }

  void draw_axes(int count, char letter, std::int64_t most) {
    for (int i = 0; i < count; ++i) {
      const std::int64_t largest = std::max<std::int64_t>(1, i + 1 < count ? std::min<std::int64_t>(most, 9) : most);
      std::int64_t extent = up_to(1, largest);
      if (chance(25)) extent = std::min(largest, (extent + 15) / 16 * 16);
      names_.push_back(fmt::format("{}{}", letter, i));
      dims_.push_back(fmt::format("{}: {}", names_.back(), extent));
      extents_.push_back(extent);
      all_names_.push_back(names_.back());
      most = std::max<std::int64_t>(1, most / extent);
    }
  }
  std::int64_t extent(const std::string& name) const {
    return extents_[static_cast<std::size_t>(std::find(all_names_.begin(), all_names_.end(), name) -
                                             all_names_.begin())];
  }

  std::string type() { return pick({"f32", "f32", "f32", "f16", "bf16", "f64", "f16", "i8", "f8e4m3"}); }

  // A new input read at these axes, one dimension each, some of them not plainly.
  std::string read(const Names& at) {
    const std::string name = fmt::format("x{}", inputs_.size());
    Names shape, subscripts;
    bool pads = false;
    for (const std::string& axis : at) {
      const std::int64_t n = extent(axis), c = up_to(1, 3);
      switch (chance(60) ? 0 : up_to(0, divides_ ? 7 : 4)) {
        default:
          shape.push_back(axis), subscripts.push_back(axis);
          break;
        case 1:
          shape.push_back(fmt::format("{}", n + c)), subscripts.push_back(fmt::format("{} + {}", axis, c));
          break;
        case 2:
          pads = true;
          shape.push_back(fmt::format("{}", n)), subscripts.push_back(fmt::format("{} - {}", axis, c));
          break;
        case 3:
          shape.push_back(fmt::format("{}", n)), subscripts.push_back(fmt::format("{} - {}", n - 1, axis));
          break;
        case 5:
          shape.push_back(fmt::format("{}", (n - 1) / c + 1)), subscripts.push_back(fmt::format("{} / {}", axis, c));
          break;
        case 6:
          shape.push_back(fmt::format("{}", c + 1)), subscripts.push_back(fmt::format("{} % {}", axis, c + 1));
          break;
        case 4:
          shape.push_back(fmt::format("{}", 2 * n)), subscripts.push_back(fmt::format("2*{} + {}", axis, c % 2));
          break;
        case 7: {
          const std::string table = fmt::format("id{}", more_.size());
          shape.push_back(fmt::format("{}", up_to(1, 20)));
          subscripts.push_back(fmt::format("{}[{}]", table, axis));
          more_.push_back(fmt::format("{}: \"i32[{}]\"", table, axis));
          break;
        }
      }
    }
    if (pads) pads_.push_back(fmt::format("{}: {}", name, pick({"0", "0", "1.5", "-2"})));
    inputs_.push_back(fmt::format("{}: \"{}[{}]\"", name, type(), list(shape)));
    return name + bracket(subscripts);
  }

  std::string expression(int depth) {
    if (depth == 0) {
      if (chance(8)) return fmt::format("{}", 0.25 * static_cast<double>(up_to(1, 9)));
      if (chance(8)) return fmt::format("{} * 0.125", pick(names_));
      return read(subset(names_));
    }
    switch (up_to(0, 9)) {
      case 0:
      case 1:
        return fmt::format("({} + {})", expression(depth - 1), expression(depth - 1));
      case 2:
        return fmt::format("({} - {})", expression(depth - 1), expression(depth - 1));
      case 3:
        return fmt::format("{} * {}", expression(depth - 1), expression(depth - 1));
      case 4:
        return fmt::format("{}({}, {})", pick({"min", "max"}), expression(depth - 1), expression(depth - 1));
      case 5:
        return fmt::format("{}({})", pick({"abs", "tanh", "sigmoid", "relu", "gelu", "silu", "erf"}),
                           expression(depth - 1));
      case 6:
        return fmt::format("{}(abs({}) + 0.5)", pick({"log", "sqrt", "rsqrt"}), expression(depth - 1));
      case 7:
        return fmt::format("{} / (abs({}) + 1)", expression(depth - 1), expression(depth - 1));
      case 8:  // only what is exact decides
        return fmt::format("select({} {} {}, {}, {})", pick(names_), pick({"<", "<=", ">=", "=="}), up_to(0, 6),
                           expression(depth - 1), expression(depth - 1));
      default:
        return fmt::format("exp(-abs({}))", expression(depth - 1));
    }
  }

  std::string finish(const Names& lines, const Names& output) {
    std::string compute;
    for (const std::string& line : lines) compute += "  - " + line + "\n";
    // Dimensions that only a statement without reads would use are named by the output.
    Names inputs = inputs_;
    inputs.insert(inputs.end(), more_.begin(), more_.end());
    const std::string out = pick({"f32", "f32", "f16", "bf16", "f64"});
    return fmt::format("name: random\ndims: {{{}}}\n{}outputs: {{Y: \"{}[{}]\"}}\n{}compute:\n{}", list(dims_),
                       inputs.empty() ? "" : fmt::format("inputs: {{{}}}\n", list(inputs)), out, list(output),
                       pads_.empty() ? "" : fmt::format("pad: {{{}}}\n", list(pads_)), compute);
  }

  std::mt19937_64 random_;
  Names names_, all_names_, dims_, inputs_, more_, pads_;
  std::vector<std::int64_t> extents_;
  bool divides_ = true;
};

}  // namespace

std::string random_expression(std::uint64_t seed) {
  Generator generator(seed);
  switch (seed % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
      return generator.map();
    case 4:
    case 5:
      return generator.reduction();
    case 6:
      return generator.row();
    case 7:
      return generator.chain();
    case 8: {
      RandomContractionOptions options;
      options.types = {DType::f32, DType::f16, DType::bf16, DType::f64};
      options.largest_m = options.largest_n = 40;
      options.largest_k = 50;
      return random_contraction(seed, options);
    }
    default:
      return random_convolution(seed);
  }
}

}  // namespace perftune::testing
