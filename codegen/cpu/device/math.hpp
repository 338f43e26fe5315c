// Exponential, logarithm, tanh and erf for vectors of float and double, without libm (kernels link
// no library). exp and log are one algorithm, whose number of terms depends on the element.
//
// Largest error, by tests/cpu/device_math_test.cpp against long double: 2e-7 relative for float
// (about 3 units in the last place; tanh and erf 3e-7) and 1e-15 for double. Overflow gives
// infinity, underflow goes through subnormals to 0, NaN stays NaN.
#pragma once

#include "simd.hpp"

namespace pt {

template <class E>
struct Format;  // of an IEEE element
template <>
struct Format<float> {
  using Integer = int;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr int exp_terms = 7, log_terms = 5;
  // ln 2 in two parts: k * high is exact for every exponent k.
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float exp_overflow = 89.0f, exp_underflow = -104.0f;
  static constexpr float smallest_normal = 0x1p-126f, infinity = __builtin_inff();
};
template <>
struct Format<double> {
  using Integer = i64;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr int exp_terms = 14, log_terms = 11, tanh_levels = 11, erf_terms = 20;
  static constexpr double ln2_high = 0x1.62e42fefap-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
  static constexpr double exp_overflow = 710.0, exp_underflow = -746.0;
  static constexpr double smallest_normal = 0x1p-1022, infinity = __builtin_inf();
  static constexpr double erf_one = 6.0;  // erf rounds to 1 from here on
};

template <class V>
using Bits = Vector<typename Format<Element<V>>::Integer>;

template <class V>
inline V constant(double c) {
  return broadcast<Element<V>>(static_cast<Element<V>>(c));
}

// The whole number nearest to x, |x| < 2^(mantissa - 1): adding 1.5 * 2^mantissa leaves it in the
// low bits.
template <class V>
inline V nearest(V x, Bits<V>& whole) {
  using F = Format<Element<V>>;
  const V magic = constant<V>(1.5 * static_cast<double>(i64{1} << F::mantissa));
  const V shifted = x + magic;
  whole = (Bits<V>)shifted - (Bits<V>)magic;
  return shifted - magic;
}

// 2^k for normal results.
template <class V>
inline V power_of_two(Bits<V> k) {
  using F = Format<Element<V>>;
  return (V)((k + F::bias) << F::mantissa);
}

template <class V>
inline V absolute(V x) {
  using I = typename Format<Element<V>>::Integer;
  return (V)((Bits<V>)x & ~(I{1} << (sizeof(I) * 8 - 1)));
}
template <class V>
inline V with_sign(V magnitude, V sign) {
  using I = typename Format<Element<V>>::Integer;
  constexpr I top = I{1} << (sizeof(I) * 8 - 1);
  return (V)(((Bits<V>)magnitude & ~top) | ((Bits<V>)sign & top));
}

// Into [low, high]; NaN stays.
template <class V>
inline V between(V x, V low, V high) {
#if defined(__AVX512F__)
  if constexpr (sizeof(Element<V>) == 4) {
    typedef float F __attribute__((vector_size(64)));
    const F y = __builtin_ia32_minps512_mask((F)high, (F)x, F{}, 0xffff, 4);
    return (V)__builtin_ia32_maxps512_mask((F)low, y, F{}, 0xffff, 4);
  }
#endif
  const V y = x > high ? high : x;
  return y < low ? low : y;
}

// exp(r + k ln 2) = 2^k exp(r), |r| <= ln2 / 2, by its Taylor series; 2^k in two factors, so that
// subnormal results round once.
template <class V>
inline V exponential(V x) {
  using F = Format<Element<V>>;
  const V y = between(x, constant<V>(F::exp_underflow), constant<V>(F::exp_overflow));
  Bits<V> k;
  const V n = nearest(y * constant<V>(1.44269504088896340736), k);
  const V r = (y - n * constant<V>(F::ln2_high)) - n * constant<V>(F::ln2_low);
  double term = 1;  // 1 / i!
#pragma GCC unroll 16
  for (int i = 2; i <= F::exp_terms; ++i) term /= i;
  V sum = constant<V>(term);
#pragma GCC unroll 16
  for (int i = F::exp_terms; i > 0; --i) {
    term *= i;
    sum = sum * r + constant<V>(term);
  }
#if defined(__AVX512F__)
  if constexpr (sizeof(Element<V>) == 4) {
    typedef float W __attribute__((vector_size(64)));
    return (V)__builtin_ia32_scalefps512_mask((W)sum, (W)n, W{}, 0xffff, 4);
  }
#endif
  const Bits<V> half = k >> 1;
  return sum * power_of_two<V>(half) * power_of_two<V>(k - half);
}

// log(2^e m) = e ln 2 + 2 artanh(s), s = (m - 1) / (m + 1), sqrt(1/2) <= m < sqrt(2).
template <class V>
inline V logarithm(V x) {
  using F = Format<Element<V>>;
  const auto tiny = x < constant<V>(F::smallest_normal);
  const V scale = constant<V>(static_cast<double>(i64{1} << F::mantissa));
  const V y = tiny ? x * scale : x;
  // Subtracting the bits of sqrt(1/2) makes the exponent field that of m in the range above.
  const Bits<V> origin = (Bits<V>)constant<V>(0.70710678118654752440);
  const Bits<V> shifted = (Bits<V>)y - origin;
  const Bits<V> e = shifted >> F::mantissa;
  const V m = (V)((Bits<V>)y - (e << F::mantissa));
  V exponent = __builtin_convertvector(e, V);
  exponent = tiny ? exponent - constant<V>(F::mantissa) : exponent;
  const V f = m - constant<V>(1);
  const V s = f / (m + constant<V>(1));
  const V z = s * s;
  V tail = constant<V>(1.0 / (2 * F::log_terms + 1));
#pragma GCC unroll 16
  for (int i = F::log_terms - 1; i > 0; --i) tail = tail * z + constant<V>(1.0 / (2 * i + 1));
  // 2s = f - s f: the rounding error of s then counts only by f.
  const V fraction = f - s * (f - constant<V>(2) * z * tail);
  V result = exponent * constant<V>(F::ln2_high) + (fraction + exponent * constant<V>(F::ln2_low));
  result = x == constant<V>(F::infinity) ? x : result;
  result = x == constant<V>(0) ? constant<V>(-F::infinity) : result;
  result = x < constant<V>(0) ? constant<V>(__builtin_nan("")) : result;
  return x != x ? x : result;
}

// x P(x^2) / Q(x^2) of floats, x held to [-limit, limit], where the function has rounded to +-1: one
// division instead of an exponential. Coefficients by weighted least squares on the relative error,
// 1.5e-8 for both before rounding.
struct OddRational {
  float limit;
  float p[6], q[6];
};
inline constexpr OddRational rational_tanh{
    8.7f,
    {1.0f, 1.340046376e-01f, 3.518740879e-03f, 2.099378435e-05f, 1.389756932e-08f, 0.0f},
    {1.0f, 4.673378468e-01f, 2.596488222e-02f, 3.323642886e-04f, 7.996500813e-07f, 0.0f}};
inline constexpr OddRational rational_erf{
    3.84f,
    {1.128379107e+00f, 1.875599474e-01f, 5.244456977e-02f, 3.661781084e-03f, 2.858254302e-04f, 2.116744326e-06f},
    {1.0f, 4.995535612e-01f, 1.129979640e-01f, 1.476056222e-02f, 1.143318950e-03f, 3.882663077e-05f}};

template <int Terms, class V>
inline V odd_rational(V x, const OddRational& r) {
  const V y = between(x, constant<V>(-r.limit), constant<V>(r.limit));
  const V z = y * y;
  V p = constant<V>(r.p[Terms - 1]), q = constant<V>(r.q[Terms - 1]);
#pragma GCC unroll 8
  for (int i = Terms - 2; i >= 0; --i) {
    p = p * z + constant<V>(r.p[i]);
    q = q * z + constant<V>(r.q[i]);
  }
  return between(y * p / q, constant<V>(-1), constant<V>(1));
}

// Lambert's continued fraction x / (1 + x^2 / (3 + x^2 / (5 + ...))) near 0, by its convergents
// (one division); 1 - 2 / (exp(2 |x|) + 1) elsewhere.
template <class V>
inline V tangent_of_doubles(V x) {
  using F = Format<Element<V>>;
  const V a = absolute(x);
  const V z = x * x;
  V p0 = constant<V>(0), p1 = constant<V>(1), q0 = constant<V>(1), q1 = constant<V>(1);
#pragma GCC unroll 16
  for (int i = 1; i < F::tanh_levels; ++i) {
    const V b = constant<V>(2 * i + 1);
    const V p = b * p1 + z * p0;
    const V q = b * q1 + z * q0;
    p0 = p1, p1 = p, q0 = q1, q1 = q;
  }
  const V near = x * p1 / q1;
  const V far = constant<V>(1) - constant<V>(2) / (exponential(a + a) + constant<V>(1));
  return a < constant<V>(0.625) ? near : with_sign(far, x);
}
template <class V>
inline V hyperbolic_tangent(V x) {
  if constexpr (sizeof(Element<V>) == 4) return odd_rational<5>(x, rational_tanh);
  else return tangent_of_doubles(x);
}

// For double: exp(x^2) erfc(x) on [1, 6] as a polynomial in (x - 2) / (x + 2): interpolation at Chebyshev
// nodes in 60-digit arithmetic, relative error 2.3e-17.
template <class E>
inline constexpr double scaled_erfc[] = {0};
template <>
inline constexpr double scaled_erfc<double>[] = {
    2.55395676310505748e-01,  -4.27185847413958486e-01, 2.41658194242465291e-01,
    -7.89785810157031254e-02, 3.73289240446816970e-03,  6.99746173671597204e-03,
    -8.47143256348967407e-04, -9.81976930510955687e-04, 4.35556616213071308e-05,
    1.74359236530033422e-04,  2.75263611871272010e-05,  -2.75592932530031778e-05,
    -1.39945766542426775e-05, 1.28751960227323008e-06,  4.01229378498260566e-06,
    1.31860675956173914e-06,  -1.17381724856208914e-06};

// Below 1 the Taylor series (2 / sqrt pi) x sum (-x^2)^n / (n! (2n + 1)); above, 1 - erfc.
template <class V>
inline V erf_of_doubles(V x) {
  using E = Element<V>;
  using F = Format<E>;
  const V a = absolute(x);
  const V z = x * x;
  double factor[F::erf_terms + 1];
  factor[0] = 1.12837916709551257390;  // 2 / sqrt(pi), then (-1)^n / n! of it
#pragma GCC unroll 32
  for (int i = 1; i <= F::erf_terms; ++i) factor[i] = -factor[i - 1] / i;
  V near = constant<V>(factor[F::erf_terms] / (2 * F::erf_terms + 1));
#pragma GCC unroll 32
  for (int i = F::erf_terms - 1; i >= 0; --i) near = near * z + constant<V>(factor[i] / (2 * i + 1));
  const V y = a > constant<V>(F::erf_one) ? constant<V>(F::erf_one) : a;
  const V t = (y - constant<V>(2)) / (y + constant<V>(2));
  constexpr int degree = sizeof(scaled_erfc<E>) / sizeof(double) - 1;
  V poly = constant<V>(scaled_erfc<E>[degree]);
#pragma GCC unroll 32
  for (int i = degree - 1; i >= 0; --i) poly = poly * t + constant<V>(scaled_erfc<E>[i]);
  const V far = constant<V>(1) - exponential(-y * y) * poly;
  const V result = a < constant<V>(1) ? near * x : with_sign(far, x);
  return x != x ? x : result;
}

template <class V>
inline V error_function(V x) {
  if constexpr (sizeof(Element<V>) == 4) return odd_rational<6>(x, rational_erf);
  else return erf_of_doubles(x);
}

}  // namespace pt
