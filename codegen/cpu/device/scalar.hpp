// The scalar functions of operator files over vectors: the vocabulary that
// codegen/scalar_printer.hpp prints, where it is specified. V is a Vector of float, double or int.
#pragma once

#include "math.hpp"
#include "storage.hpp"

namespace pt {

template <class V>
inline V splat(double c) {
  return broadcast<Element<V>>(static_cast<Element<V>>(c));
}
template <class V>
inline V infinity() {
  return splat<V>(__builtin_inf());
}
template <class V>
inline V not_a_number() {
  return splat<V>(__builtin_nan(""));
}

// Applies `function` lane by lane; the compiler vectorises what has an instruction.
template <class V, class Function>
inline V each_lane(V x, const Function& function) {
  using E = Element<V>;
  E lane[lanes_of<E>];
  store(lane, x);
  for (int i = 0; i < lanes_of<E>; ++i) lane[i] = function(lane[i]);
  return load(lane);
}

template <class V> inline auto less(V a, V b) { return a < b; }
template <class V> inline auto less_equal(V a, V b) { return a <= b; }
template <class V> inline auto greater(V a, V b) { return a > b; }
template <class V> inline auto greater_equal(V a, V b) { return a >= b; }
template <class V> inline auto equal(V a, V b) { return a == b; }
template <class V> inline auto not_equal(V a, V b) { return a != b; }
template <class M, class V> inline V select(M m, V a, V b) { return m ? a : b; }

template <class V> inline V minimum(V a, V b) { return b < a ? b : a; }
template <class V> inline V maximum(V a, V b) { return a < b ? b : a; }
template <class V> inline V relu(V x) { return x < splat<V>(0) ? splat<V>(0) : x; }
template <class V>
inline V abs(V x) {
  if constexpr (same_type<Element<V>, int>)
    return x < splat<V>(0) ? -x : x;
  else
    return absolute(x);
}

template <class V> inline V exp(V x) { return exponential(x); }
template <class V> inline V log(V x) { return logarithm(x); }
template <class V> inline V tanh(V x) { return hyperbolic_tangent(x); }
template <class V> inline V erf(V x) { return error_function(x); }
template <class V>
inline V sqrt(V x) {
  if constexpr (same_type<Element<V>, float>)
    return each_lane(x, [](float e) { return __builtin_sqrtf(e); });
  else
    return each_lane(x, [](double e) { return __builtin_sqrt(e); });
}
template <class V> inline V rsqrt(V x) { return splat<V>(1) / sqrt(x); }
template <class V> inline V sigmoid(V x) { return splat<V>(1) / (splat<V>(1) + exp(-x)); }
template <class V> inline V silu(V x) { return x / (splat<V>(1) + exp(-x)); }
template <class V>
inline V gelu(V x) {
  return splat<V>(0.5) * x * (splat<V>(1) + erf(x * splat<V>(0.70710678118654752440)));
}

// |a|^b through log and exp in double, where the error of log does not grow past float's last
// place; the sign for whole b, and the exact cases of std::pow.
inline Vector<double> pow(Vector<double> a, Vector<double> b) {
  using V = Vector<double>;
  const V one = splat<V>(1), zero = splat<V>(0), inf = infinity<V>();
  const V magnitude = absolute(b);
  const V two52 = splat<V>(0x1p52);
  const V rounded = magnitude + two52 - two52;
  const auto whole = (rounded == magnitude) | (magnitude >= two52);
  const V half = magnitude * splat<V>(0.5);
  const auto even = (half + two52 - two52 == half) | (magnitude >= splat<V>(0x1p53));
  V result = exponential(b * logarithm(absolute(a)));
  result = (a == zero) & (b < zero) ? inf : result;
  result = whole & ~even & ((Vector<i64>)a < 0) ? -result : result;
  result = (a < zero) & ~whole & (absolute(a) != inf) ? not_a_number<V>() : result;
  result = (a == -one) & (magnitude == inf) ? one : result;
  return (b == zero) | (a == one) ? one : result;
}
inline Vector<float> pow(Vector<float> a, Vector<float> b) {
  constexpr int half = lanes_of<float> / 2;
  float x[2 * half], y[2 * half];
  store(x, a);
  store(y, b);
  for (int h = 0; h < 2 * half; h += half) {
    Vector<double> p{}, q{};
    for (int i = 0; i < half; ++i) p[i] = static_cast<double>(x[h + i]), q[i] = static_cast<double>(y[h + i]);
    const Vector<double> r = pow(p, q);
    for (int i = 0; i < half; ++i) x[h + i] = static_cast<float>(r[i]);
  }
  return load(x);
}

template <class D, class V>
inline V round_to(V x) {
  return each_lane(x, [](Element<V> e) { return to_value<Element<V>>(from_value<D>(e)); });
}

}  // namespace pt
