// Where a tile's sums go: through the epilogue to the output, or to a partial-sum buffer.
//
// `Place` says which output elements and which part of k a tile stands for. Sums of an unfinished k
// wait in the output itself (which then has the accumulator's type) or in the partial buffer of
// their k slice; slices are added in order of k, so that a result does not depend on timing.
#pragma once

#include "scalar.hpp"
#include "simd.hpp"
#include "storage.hpp"

namespace pt {

struct Place {
  i64 b = 0, m = 0, n = 0;  // first element
  int rows = 0;             // valid rows from m on
  int lanes = 0;            // valid lanes of the last vector
  bool first = true;        // no sums yet
  bool last = true;         // these sums complete the k range of this slice
  int slice = 0;            // which k slice
};

// Vector of epilogue values from a vector of sums: same type, or int sums to float.
template <class T, class Sum>
inline Vector<T> as_value(Vector<Sum> v) {
  if constexpr (same_type<T, Sum>)
    return v;
  else
    return __builtin_convertvector(v, Vector<T>);
}

// An operand of the epilogue along n: one value for all columns, contiguous, or neither.
template <class T, char Unit, class E, class Column>
inline Vector<T> read_extra(const E* p, i64 n, int lanes, Mask mask, const Column& column) {
  constexpr int L = lanes_of<T>;
  if constexpr (Unit == '0') {
    return broadcast<T>(to_value<T>(*p));
  } else if constexpr (Unit == 'n' && same_type<E, T>) {
    const E* from = p + column(n);
    return lanes == L ? load(from) : load_first(from, mask);
  } else {
    Vector<T> v{};
    for (int i = 0; i < lanes; ++i) v[i] = to_value<T>(p[column(n + i)]);
    return v;
  }
}

template <class K, class T>
inline void store_final(const K&, T* to, Vector<T> v) {
  if constexpr (K::stream_c)
    store_past_caches(to, v);
  else
    store(to, v);
}

// Stores `lanes` finished values of row m from column n on.
template <class K>
inline void store_output(const K& kernel, const Place& at, i64 m, i64 n, int lanes, Mask mask,
                         Vector<typename K::Value> v) {
  using Value = typename K::Value;
  using Out = typename K::Out;
  Out* row = kernel.out(at.b) + kernel.out_row(m);
  if constexpr (K::out_unit == 'n' && same_type<Out, Value>) {
    if (lanes == lanes_of<Value>)
      store_final(kernel, row + kernel.out_column(n), v);
    else
      store_first(row + kernel.out_column(n), v, mask);
  } else {
    for (int i = 0; i < lanes; ++i) row[kernel.out_column(n + i)] = from_value<Out>(v[i]);
  }
}

// Partial sums of (slice, b, m) from column n on.
template <class K>
inline typename K::Sum* partial(const K& kernel, int slice, i64 b, i64 m, i64 n) {
  return kernel.partials() + ((slice * kernel.batches() + b) * kernel.rows() + m) * kernel.columns() +
         n;
}

template <class K>
inline void finish(const K& kernel, const Place& at, i64 m, i64 n, int lanes, Mask mask,
                   Vector<typename K::Sum> sum) {
  using Sum = typename K::Sum;
  if constexpr (K::split_k > 1) {
    Sum* to = partial(kernel, at.slice, at.b, m, n);
    if (lanes == lanes_of<Sum>)
      store(to, sum);
    else
      store_first(to, sum, mask);
  } else if constexpr (K::sums_in_output) {
    typename K::Out* to = kernel.out(at.b) + kernel.out_row(m) + kernel.out_column(n);
    const Vector<Sum> v =
        at.last ? kernel.epilogue(sum, at.b, m, n, lanes, mask) : sum;
    if (lanes == lanes_of<Sum>)
      store_final(kernel, to, v);
    else
      store_first(to, v, mask);
  } else if constexpr (lanes_of<Sum> == lanes_of<typename K::Value>) {
    store_output(kernel, at, m, n, lanes, mask,
                 kernel.epilogue(as_value<typename K::Value, Sum>(sum), at.b, m, n, lanes, mask));
  } else {
    // The epilogue computes in a wider type than the sums: half a vector at a time.
    using Value = typename K::Value;
    constexpr int half = lanes_of<Value>;
    for (int from = 0; from < lanes; from += half) {
      const int some = static_cast<int>(least(half, lanes - from));
      const Mask part = first_lanes<Value>(some);
      Vector<Value> v{};
      for (int i = 0; i < some; ++i) v[i] = static_cast<Value>(sum[from + i]);
      store_output(kernel, at, m, n + from, some, part,
                   kernel.epilogue(v, at.b, m, n + from, some, part));
    }
  }
}

// Sums that an earlier part of k left for finish().
template <class K>
inline Vector<typename K::Sum> resume(const K& kernel, const Place& at, i64 m, i64 n, int lanes,
                                      Mask mask) {
  using Sum = typename K::Sum;
  if (at.first) return Vector<Sum>{};
  if constexpr (K::split_k > 1) {
    const Sum* from = partial(kernel, at.slice, at.b, m, n);
    return lanes == lanes_of<Sum> ? load(from) : load_first(from, mask);
  } else if constexpr (K::sums_in_output) {
    const Sum* from = kernel.out(at.b) + kernel.out_row(m) + kernel.out_column(n);
    return lanes == lanes_of<Sum> ? load(from) : load_first(from, mask);
  } else {
    return Vector<Sum>{};
  }
}

}  // namespace pt
