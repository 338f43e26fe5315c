#include "costmodel/space_coordinates.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

namespace perftune {
namespace {

using Column = std::vector<double>;

Column column_of(std::span<const double> values, std::size_t parameters, std::size_t parameter) {
  Column column;
  for (std::size_t at = parameter; at < values.size(); at += parameters) column.push_back(values[at]);
  return column;
}

bool varies(const Column& column) {
  return std::adjacent_find(column.begin(), column.end(), std::not_equal_to<>()) != column.end();
}

Column normalised(Column column) {
  const auto [low, high] = std::minmax_element(column.begin(), column.end());
  const double least = *low, most = *high;
  const auto scaled = [&](double v) { return least > 0 ? std::log2(v) : v; };
  for (double& v : column) v = (scaled(v) - scaled(least)) / (scaled(most) - scaled(least));
  return column;
}

bool divides(double b, double a) { return a > 0 && b > 0 && std::fmod(a, b) == 0; }

// Quotients where `b` divides `a` in every configuration and need not, by the values that either takes: what
// some rule of the kernel demands. Else nothing.
Column quotient(const Column& a, const Column& b) {
  Column out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!divides(b[i], a[i])) return {};
    out.push_back(a[i] / b[i]);
  }
  const std::set<double> as(a.begin(), a.end()), bs(b.begin(), b.end());
  const bool by_rule = std::any_of(as.begin(), as.end(), [&](double x) {
    return std::any_of(bs.begin(), bs.end(), [&](double y) { return !divides(y, x); });
  });
  return by_rule && varies(out) ? out : Column{};
}

}  // namespace

SpaceCoordinates::SpaceCoordinates(std::span<const double> values, std::size_t parameters) {
  std::vector<Column> raw;
  for (std::size_t p = 0; p < parameters; ++p) {
    Column column = column_of(values, parameters, p);
    if (varies(column)) raw.push_back(std::move(column));
  }
  width_ = raw.size();
  chosen_.assign(width_, 0);
  for (const Column& a : raw) {
    columns_.push_back({normalised(a)});
    for (const Column& b : raw) {
      if (&a == &b) continue;
      Column whole = quotient(a, b);
      if (!whole.empty()) columns_.back().push_back(normalised(std::move(whole)));
    }
  }
  const std::size_t rows = width_ > 0 ? raw.front().size() : 0;
  rows_.resize(rows * width_);
  for (std::size_t c = 0; c < width_; ++c) choose(c, 0);
}

void SpaceCoordinates::choose(std::size_t column, std::size_t alternative) {
  chosen_[column] = alternative;
  const Column& values = columns_[column][alternative];
  for (std::size_t i = 0; i < values.size(); ++i) rows_[i * width_ + column] = values[i];
}

}  // namespace perftune
