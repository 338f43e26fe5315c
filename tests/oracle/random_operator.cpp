#include "tests/oracle/random_operator.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <random>

namespace perftune {
namespace {

using Names = std::vector<std::string>;

// Draws that do not depend on the standard library's distributions.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed * 2 + 1) {}

  std::int64_t up_to(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool chance(int percent) { return up_to(1, 100) <= percent; }

  template <class T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1],
                values[static_cast<std::size_t>(up_to(0, static_cast<std::int64_t>(i) - 1))]);
    }
  }

 private:
  std::mt19937_64 random_;
};

struct Axes {
  Names names;
  std::vector<std::int64_t> extents;
};

Axes draw_axes(Draw& draw, char letter, std::int64_t rank, std::int64_t largest) {
  Axes axes;
  for (std::int64_t i = 0; i < rank; ++i) {
    const std::int64_t extent =
        draw.up_to(1, i + 1 < rank ? std::min<std::int64_t>(largest, 6) : largest);
    axes.names.push_back(fmt::format("{}{}", letter, i));
    axes.extents.push_back(extent);
    largest = std::max<std::int64_t>(1, largest / extent);
  }
  return axes;
}

Names joined(std::initializer_list<Names> parts) {
  Names all;
  for (const Names& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::string subscript(const Names& names) { return fmt::format("{}", fmt::join(names, ",")); }

std::string dims_text(std::initializer_list<Axes> groups) {
  Names entries;
  for (const Axes& axes : groups) {
    for (std::size_t i = 0; i < axes.names.size(); ++i) {
      entries.push_back(fmt::format("{}: {}", axes.names[i], axes.extents[i]));
    }
  }
  return fmt::format("{}", fmt::join(entries, ", "));
}

}  // namespace

std::string random_contraction(std::uint64_t seed, const RandomContractionOptions& options) {
  Draw draw(seed);
  const DType type = options.types[static_cast<std::size_t>(
      draw.up_to(0, static_cast<std::int64_t>(options.types.size()) - 1))];
  const Axes batch = draw_axes(draw, 'b', draw.up_to(0, 2), 6);
  const Axes n = draw_axes(draw, 'n', draw.chance(10) ? 0 : draw.up_to(1, 2), options.largest_n);
  const bool vector = n.names.empty();
  const Axes m =
      draw_axes(draw, 'm', vector || !draw.chance(10) ? draw.up_to(1, 2) : 0, options.largest_m);
  const Axes k = draw_axes(draw, 'k', draw.up_to(1, 2), options.largest_k);

  const int broadcast = static_cast<int>(draw.up_to(0, 5));  // 0: A, 1: B has no batch
  Names a = joined({broadcast == 0 ? Names{} : batch.names, m.names, k.names});
  Names b = joined({broadcast == 1 ? Names{} : batch.names, k.names, n.names});
  Names c = joined({batch.names, m.names, n.names});
  if (draw.chance(50)) {  // B as n, k
    b = joined({broadcast == 1 ? Names{} : batch.names, n.names, k.names});
  }
  if (!options.usual_layouts && draw.chance(60)) {
    draw.shuffle(a);
    draw.shuffle(b);
    draw.shuffle(c);
  }
  Names reduced = k.names;
  draw.shuffle(reduced);

  std::string sum =
      draw.chance(50)
          ? fmt::format("sum[{}](A[{}] * B[{}])", subscript(reduced), subscript(a), subscript(b))
          : fmt::format("sum[{}](B[{}] * A[{}])", subscript(reduced), subscript(b), subscript(a));
  std::string extra;
  if (options.epilogue) {
    Names one{c[static_cast<std::size_t>(draw.up_to(0, static_cast<std::int64_t>(c.size()) - 1))]};
    Names all = c;
    if (draw.chance(30)) draw.shuffle(all);
    const std::string bias = fmt::format("bias[{}]", subscript(one));
    const std::string residual = fmt::format("R[{}]", subscript(all));
    const auto add_input = [&](const std::string& read, DType of) {
      extra += fmt::format(", {}: \"{}[{}]\"", read.substr(0, read.find('[')), name(of),
                           read.substr(read.find('[') + 1, read.size() - read.find('[') - 2));
    };
    switch (draw.up_to(0, 7)) {
      case 0:
        sum = fmt::format("0.125 * {}", sum);
        break;
      case 1:
        sum = fmt::format("relu({} + {})", sum, bias);
        add_input(bias, type);
        break;
      case 2:
        sum = fmt::format("gelu({} + {})", sum, bias);
        add_input(bias, DType::f32);
        break;
      case 3:
        sum = fmt::format("{} * 0.5 + {}", sum, residual);
        add_input(residual, type);
        break;
      case 4:
        sum = fmt::format("silu({}) * {} - {}", sum, residual, bias);
        add_input(residual, DType::f32);
        add_input(bias, DType::f32);
        break;
      case 5:
        sum = fmt::format("select({} > 0, 1.5, {})", bias, sum);
        add_input(bias, DType::f32);
        break;
      default:
        break;
    }
  }
  const DType output = is_floating(type) ? type : DType::f32;
  return fmt::format(
      "name: random_{}\ndims: {{{}}}\ninputs: {{A: \"{}[{}]\", B: \"{}[{}]\"{}}}\n"
      "outputs: {{C: \"{}[{}]\"}}\ncompute:\n  - C[{}] = {}\n",
      seed, dims_text({batch, m, n, k}), name(type), subscript(a), name(type), subscript(b), extra,
      name(output), subscript(c), subscript(c), sum);
}

std::string random_convolution(std::uint64_t seed, DType type) {
  Draw draw(seed);
  const std::int64_t r = draw.up_to(1, 3), s = draw.up_to(1, 3);
  const std::int64_t stride = draw.up_to(1, 2), dilation = draw.up_to(1, 2);
  const std::int64_t top = draw.up_to(0, 2), left = draw.up_to(0, 2);  // padding before
  const std::int64_t h = draw.up_to(5, 12), w = draw.up_to(5, 12);
  // Extents that run past the end: padding after differs from the padding before.
  const std::int64_t y = h / stride + draw.up_to(0, 1), x = w / stride + draw.up_to(0, 1);
  const bool grouped = draw.chance(30);
  const bool channels_last = draw.chance(50);
  const std::string g = grouped ? "g," : "";
  const std::string image = channels_last ? "n,h,w," + g + "c" : "n," + g + "c,h,w";
  const std::string row = fmt::format("{}*y + {}*r - {}", stride, dilation, top);
  const std::string column = fmt::format("{}*x + {}*s - {}", stride, dilation, left);
  const std::string window = channels_last ? fmt::format("n, {}, {}, {}c", row, column, g)
                                           : fmt::format("n, {}c, {}, {}", g, row, column);
  const std::string filter = g + (draw.chance(50)   ? "f,c,r,s"
                                  : draw.chance(50) ? "f,r,s,c"
                                                    : "r,s,c,f");
  const std::string output = channels_last ? "n,y,x," + g + "f" : "n," + g + "f,y,x";
  return fmt::format(
      "name: random_convolution_{}\n"
      "dims: {{n: {}, c: {}, f: {}, h: {}, w: {}, y: {}, x: {}, r: {}, s: {}{}}}\n"
      "pad: {{X: 0}}\ninputs: {{X: \"{}[{}]\", W: \"{}[{}]\"}}\noutputs: {{Y: \"{}[{}]\"}}\n"
      "compute:\n  - Y[{}] = sum[c,r,s](X[{}] * W[{}])\n",
      seed, draw.up_to(1, 3), draw.up_to(1, 9), draw.up_to(1, 9), h, w, y, x, r, s,
      grouped ? fmt::format(", g: {}", draw.up_to(2, 3)) : "", name(type), image, name(type),
      filter, name(type), output, output, window, filter);
}

}  // namespace perftune
