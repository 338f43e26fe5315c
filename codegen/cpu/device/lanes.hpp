// Vectors to and from tensors of any storage type and stride: what the reduction and row families
// read and write a vector of neighbouring lanes with.
//
// T is the arithmetic type, E the stored one. Form says how lanes lie in memory: '0' all lanes read
// one element, 'u' neighbours, '2' every second element, 's' `stride` elements apart. Whole: all
// lanes take part; else the first lanes.count do, and the others read as 0 and are not written.
#pragma once

#include "narrow_lanes.hpp"

namespace pt {

// 0, 1, 2, ... as values of T.
template <class T>
PT_INLINE Vector<T> lane_numbers() {
  Vector<T> v{};
  for (int i = 0; i < lanes_of<T>; ++i) v[i] = static_cast<T>(i);
  return v;
}
// a in the lanes that take part, b in the others.
template <class T>
PT_INLINE Vector<T> where_lanes(const Lanes& lanes, Vector<T> a, Vector<T> b) {
  using I = typename VectorOf<T>::mask;
  I number{};
  for (int i = 0; i < lanes_of<T>; ++i) number[i] = i;
  const I taking = number < (I{} + lanes.count);
  return taking ? a : b;
}

// ---- Reads ----

// Elements 0, 2, ... of 2 L - 1, of which `low` holds the first L and `high` the last L.
PT_INLINE Vector<float> every_second(Vector<float> low, Vector<float> high) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31);
#else
  return __builtin_shufflevector(low, high, 0, 2, 4, 6, 9, 11, 13, 15);
#endif
}
// Elements `stride` apart; short strides by the gather instruction. As read_lanes for the lanes past the first ones.
template <bool Whole>
PT_INLINE Vector<float> gather(const float* p, i64 stride, const Lanes& lanes) {
  constexpr int L = lanes_of<float>;
  if (stride < (1 << 24) && stride > -(1 << 24)) {
    const int s = static_cast<int>(stride);
#if defined(__AVX512F__)
    typedef float F __attribute__((vector_size(64)));
    typedef int I __attribute__((vector_size(64)));
    const I at = I{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} * s;
    const auto taking = static_cast<short>(Whole ? -1 : lanes.mask.bits);
    return (Vector<float>)__builtin_ia32_gathersiv16sf(F{}, p, at, taking, 4);
#else
    typedef float F __attribute__((vector_size(32)));
    typedef int I __attribute__((vector_size(32)));
    const I at = I{0, 1, 2, 3, 4, 5, 6, 7} * s;
    const F taking = Whole ? (F)(I{} - 1) : (F)lanes.mask.words;
    return (Vector<float>)__builtin_ia32_gathersiv8sf(F{}, p, at, taking, 4);
#endif
  }
  float out[L] = {};
  const int n = Whole ? L : lanes.count;
#pragma GCC unroll 16
  for (int i = 0; i < n; ++i) out[i] = p[i * stride];
  return load(out);
}

// Lanes [first, end) of a vector that read inside the tensor; the others take the pad value.
struct Window {
  int first, end;
  explicit Window(int count) : first(0), end(count) {}

  // No branches: neighbouring rows that share a window then share its mask.
  // Lane i reads index + i * step of a dimension of `extent`; Step is that step where it is constant,
  // else 0.
  template <int Step>
  PT_INLINE void cut(i64 index, i64 run_time_step, i64 extent) {
    i64 low = 0, high = end;
    if constexpr (Step == 1) {
      low = -index, high = extent - index;
    } else if constexpr (Step == 2) {
      low = (1 - index) >> 1, high = (extent - index + 1) >> 1;
    } else if (run_time_step > 0) {
      low = index >= 0 ? 0 : (-index + run_time_step - 1) / run_time_step;
      high = index >= extent ? 0 : (extent - 1 - index) / run_time_step + 1;
    } else if (run_time_step < 0) {
      low = index < extent ? 0 : (index - extent - run_time_step) / -run_time_step;
      high = index < 0 ? 0 : index / -run_time_step + 1;
    } else {
      high = within(index, extent) ? end : 0;
    }
    low = low > first ? low : first;
    low = low < 31 ? low : 31;
    high = high < end ? high : end;
    high = high > 0 ? high : 0;
    first = static_cast<int>(low);
    end = static_cast<int>(high);
  }
};

PT_INLINE int clamped(int x, int most) {
  x = x < 0 ? 0 : x;
  return x < most ? x : most;
}

// The lanes of a window as masks of the loads that read it: one, or for every second element two.
struct WindowMask {
  Mask low, high;
};
template <char Form>
PT_INLINE WindowMask window_mask(const Window& window) {
  constexpr int L = lanes_of<float>;
  if constexpr (Form == 'u') {
    const Mask all = lanes_between<float>(window.first, window.end);
    return {all, all};
  }
  // The second half starts at element L - 1, so that nothing past the last lane is touched.
  const int first = 2 * window.first, end = 2 * window.end - 1;
  return {lanes_between<float>(clamped(first, L), clamped(end, L)),
          lanes_between<float>(clamped(first - L + 1, L), clamped(end - L + 1, L))};
}

template <char Form>
PT_INLINE Vector<float> read_masked(const float* p, const WindowMask& mask, float pad) {
  const Vector<float> outside = broadcast<float>(pad);
  const Vector<float> low = load_masked(p, mask.low, outside);
  if constexpr (Form == 'u') return low;
  else return every_second(low, load_masked(p + lanes_of<float> - 1, mask.high, outside));
}

template <class T, char Form, bool Whole, class E>
PT_INLINE Vector<T> read_lanes(const E* p, i64 stride, const Lanes& lanes) {
  constexpr int L = lanes_of<T>;
  if constexpr (Form == '0') {
    return broadcast<T>(to_value<T>(*p));
  } else if constexpr (Form == 'u' && Whole) {
    return load_widened<T>(p);
  } else if constexpr (Form == 'u' && same_type<E, T>) {
    return load_first(p, lanes.mask);
  } else if constexpr (Form == 'u') {
    return load_some_widened<T>(p, lanes);
  } else if constexpr (Form == '2' && Whole && same_type<E, float> && same_type<T, float>) {
    // The second half starts one element early, so that nothing past the last lane is touched.
    return every_second(load(p), load(p + L - 1));
  } else if constexpr (Form == '2' && same_type<E, float> && same_type<T, float>) {
    return read_masked<'2'>(p, window_mask<'2'>(Window(lanes.count)), 0);
  } else if constexpr (Form == 's' && same_type<E, float> && same_type<T, float>) {
    return gather<Whole>(p, stride, lanes);
  } else {
    const i64 step = Form == '2' ? 2 : stride;
    const int n = Whole ? L : lanes.count;
    T out[L] = {};
    for (int i = 0; i < n; ++i) out[i] = to_value<T>(p[i * step]);
    return load(out);
  }
}

// What is read instead where nothing of a vector is inside its tensor.
struct PadLine {
  float at[2 * lanes_of<float>];
  constexpr explicit PadLine(float pad) : at{} {
    for (float& x : at) x = pad;
  }
};

template <class T, char Form, class E>
PT_INLINE Vector<T> read_window(const E* p, i64 stride, const Window& window, T pad) {
  constexpr int L = lanes_of<T>;
  if constexpr (same_type<E, float> && same_type<T, float> && (Form == 'u' || Form == '2')) {
    return read_masked<Form>(p, window_mask<Form>(window), pad);
  } else {
    const i64 step = Form == 'u' ? 1 : Form == '2' ? 2 : Form == '0' ? 0 : stride;
    T out[L];
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) out[i] = pad;
    for (int i = window.first; i < window.end; ++i) out[i] = to_value<T>(p[i * step]);
    return load(out);
  }
}

// Each lane reads where `at(lane)` says.
template <class T, bool Whole, class E, class At>
PT_INLINE Vector<T> read_scattered(const E* p, const Lanes& lanes, const At& at) {
  const int n = Whole ? lanes_of<T> : lanes.count;
  T out[lanes_of<T>] = {};
  for (int i = 0; i < n; ++i) out[i] = to_value<T>(p[at(i)]);
  return load(out);
}

// ---- Writes ----

// Stream: past the caches where the address allows.
template <char Form, bool Whole, bool Stream, class E, class T>
PT_INLINE void write_vector(E* p, i64 stride, Vector<T> v, const Lanes& lanes) {
  constexpr int L = lanes_of<T>;
  if constexpr (Form == '0') {
    *p = from_value<E>(v[0]);
  } else if constexpr (Form == 'u' && Whole) {
    if constexpr (Stream && same_type<E, float> && same_type<T, float>) {
      if (reinterpret_cast<unsigned long long>(p) % vector_bytes == 0) {
#if defined(__AVX512F__)
        typedef float F __attribute__((vector_size(64)));
        __builtin_ia32_movntps512(p, (F)v);
#else
        typedef float F __attribute__((vector_size(32)));
        __builtin_ia32_movntps256(p, (F)v);
#endif
        return;
      }
    }
    store_narrowed<E, T>(p, v);
  } else if constexpr (Form == 'u' && same_type<E, T>) {
    store_first(p, v, lanes.mask);
  } else if constexpr (Form == 'u') {
    store_some_narrowed<E, T>(p, v, lanes);
  } else {
    const int n = Whole ? L : lanes.count;
    T from[L];
    store(from, v);
    for (int i = 0; i < n; ++i) p[i * stride] = from_value<E>(from[i]);
  }
}
template <char Form, bool Whole, bool Stream, class E, class V>
PT_INLINE void write_lanes(E* p, i64 stride, V v, const Lanes& lanes) {
  write_vector<Form, Whole, Stream, E, Element<V>>(p, stride, v, lanes);
}

// ---- Across lanes ----

// Lane i takes lane i ^ By.
template <int By, class V>
PT_INLINE V lanes_xor(V v) {
  constexpr int L = lanes_of<Element<V>>;
  if constexpr (L == 16) {
    return __builtin_shufflevector(v, v, 0 ^ By, 1 ^ By, 2 ^ By, 3 ^ By, 4 ^ By, 5 ^ By, 6 ^ By,
                                   7 ^ By, 8 ^ By, 9 ^ By, 10 ^ By, 11 ^ By, 12 ^ By, 13 ^ By,
                                   14 ^ By, 15 ^ By);
  } else if constexpr (L == 8) {
    return __builtin_shufflevector(v, v, 0 ^ By, 1 ^ By, 2 ^ By, 3 ^ By, 4 ^ By, 5 ^ By, 6 ^ By,
                                   7 ^ By);
  } else {
    return __builtin_shufflevector(v, v, 0 ^ By, 1 ^ By, 2 ^ By, 3 ^ By);
  }
}

template <char Op, class V>
PT_INLINE V combine(V a, V b) {
  if constexpr (Op == '+') return a + b;
  else if constexpr (Op == '*') return a * b;
  else if constexpr (Op == '<') return minimum(a, b);
  else return maximum(a, b);
}
template <char Op, class V>
PT_INLINE V identity() {
  using E = Element<V>;
  if constexpr (Op == '+') return splat<V>(0);
  else if constexpr (Op == '*') return splat<V>(1);
  else if constexpr (same_type<E, int>) return broadcast<int>(Op == '<' ? 2147483647 : -2147483647 - 1);
  else return Op == '<' ? infinity<V>() : -infinity<V>();
}
// Every lane gets the combination of all lanes, in one fixed order.
template <char Op, class V>
PT_INLINE V fold_lanes(V v) {
  constexpr int L = lanes_of<Element<V>>;
  if constexpr (L >= 16) v = combine<Op>(v, lanes_xor<8>(v));
  if constexpr (L >= 8) v = combine<Op>(v, lanes_xor<4>(v));
  v = combine<Op>(v, lanes_xor<2>(v));
  return combine<Op>(v, lanes_xor<1>(v));
}

}  // namespace pt
