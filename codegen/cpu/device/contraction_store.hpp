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

// Columns from n on in the output: how many are contiguous, the offset of the first, and the tables of their offsets
// (ColumnTables) from n on.
struct Columns {
  i64 n, offset, count;
  const i64* table;
};

// Columns of a strip, at most.
template <class K>
inline constexpr int table_width = K::register_n * lanes_of<typename K::Sum>;

// Offsets of a strip's columns in the output and in operands of the epilogue, where they do not lie side by side:
// made once per strip, since each takes divisions to find.
template <class K>
struct ColumnTables {
  i64 at[K::column_tables > 0 ? K::column_tables * table_width<K> : 1];

  const i64* fill([[maybe_unused]] const K& kernel, [[maybe_unused]] i64 n, [[maybe_unused]] i64 count) {
    if constexpr (K::column_tables > 0) kernel.column_offsets(n, count, at);
    return at;
  }
};

struct Place {
  i64 b = 0, m = 0, n = 0;  // first element
  int rows = 0;             // valid rows from m on
  int lanes = 0;            // valid lanes of the last vector
  bool first = true;        // no sums yet
  bool last = true;         // these sums complete the k range of this slice
  int slice = 0;            // which k slice
  Columns to = {};          // n in the output (tile form)
};

// Vector of epilogue values from a vector of sums: same type, or int sums to float.
template <class T, class Sum>
inline Vector<T> as_value(Vector<Sum> v) {
  if constexpr (same_type<T, Sum>)
    return v;
  else
    return __builtin_convertvector(v, Vector<T>);
}

// An operand of the epilogue along n: one value for all columns, or contiguous.
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
// Neither: where its table says.
template <class T, class E>
inline Vector<T> read_extra_at(const E* p, const i64* columns, int lanes) {
  Vector<T> v{};
  for (int i = 0; i < lanes; ++i) v[i] = to_value<T>(p[columns[i]]);
  return v;
}

template <class K>
inline Columns columns_from(const K& kernel, i64 n, const i64* table) {
  if constexpr (K::out_unit == 'n')
    return {n, kernel.out_column(n), i64{1} << 62, table};
  else
    return {n, table[0], K::out_unit == 'r' ? kernel.out_run() - n % kernel.out_run() : 0, table};
}

// `further` columns on from `at`.
template <class K>
inline Columns columns_beside(const K& kernel, const Columns& at, i64 further) {
  if (at.count > further) return {at.n + further, at.offset + further, at.count - further, at.table + further};
  return columns_from(kernel, at.n + further, at.table + further);
}

// Of a vector that crosses into another run: out of line, since it would be most of the text.
template <class Out, class Value>
[[gnu::noinline]] void store_across(Out* row, const i64* columns, int lanes, Vector<Value> v) {
  for (int i = 0; i < lanes; ++i) row[columns[i]] = from_value<Out>(v[i]);
}
template <class Out>
[[gnu::noinline]] Vector<Out> load_across(const Out* row, const i64* columns, int lanes) {
  Vector<Out> v{};
  for (int i = 0; i < lanes; ++i) v[i] = row[columns[i]];
  return v;
}

// A vector of the output where it is contiguous, element by element where it crosses into another run.
template <class Out>
inline Vector<Out> load_output(const Out* row, const Columns& at, int lanes, Mask mask) {
  if (lanes == lanes_of<Out> && at.count >= lanes) return load(row + at.offset);
  if (at.count >= lanes) return load_first(row + at.offset, mask);
  return load_across(row, at.table, lanes);
}

template <class K, class T>
inline void store_final(const K&, T* to, Vector<T> v) {
  if constexpr (K::stream_c)
    store_past_caches(to, v);
  else
    store(to, v);
}

// Where row m of the output is.
template <class K>
inline typename K::Out* output_row(const K& kernel, const Place& at, i64 m) {
  return kernel.out(at.b) + kernel.out_row(m);
}

// Stores `lanes` finished values of a row.
template <class K>
inline void store_output(const K& kernel, typename K::Out* row, const Columns& to, int lanes, Mask mask,
                         Vector<typename K::Value> v) {
  using Value = typename K::Value;
  using Out = typename K::Out;
  if constexpr (K::out_unit != '0' && same_type<Out, Value>) {
    if (lanes == lanes_of<Value> && to.count >= lanes) return store_final(kernel, row + to.offset, v);
    if (to.count >= lanes) return store_first(row + to.offset, v, mask);
  }
  if constexpr (K::out_unit == 'n') {
    if constexpr (!same_type<Out, Value>)
      for (int i = 0; i < lanes; ++i) row[to.offset + i] = from_value<Out>(v[i]);
  } else {
    store_across<Out, Value>(row, to.table, lanes, v);
  }
}

// Partial sums of (slice, b, m) from column n on.
template <class K>
inline typename K::Sum* partial(const K& kernel, int slice, i64 b, i64 m, i64 n) {
  return kernel.partials() + ((slice * kernel.batches() + b) * kernel.rows() + m) * kernel.columns() +
         n;
}

template <class K>
inline void finish(const K& kernel, const Place& at, i64 m, typename K::Out* row, const Columns& to, int lanes,
                   Mask mask, Vector<typename K::Sum> sum) {
  using Sum = typename K::Sum;
  const i64 n = to.n;
  if constexpr (K::split_k > 1) {
    Sum* part = partial(kernel, at.slice, at.b, m, n);
    if (lanes == lanes_of<Sum>)
      store(part, sum);
    else
      store_first(part, sum, mask);
  } else if constexpr (K::sums_in_output) {
    store_output(kernel, row, to, lanes, mask, at.last ? kernel.epilogue(sum, at.b, m, n, lanes, mask, to.table) : sum);
  } else if constexpr (lanes_of<Sum> == lanes_of<typename K::Value>) {
    store_output(kernel, row, to, lanes, mask,
                 kernel.epilogue(as_value<typename K::Value, Sum>(sum), at.b, m, n, lanes, mask, to.table));
  } else {
    // The epilogue computes in a wider type than the sums: half a vector at a time.
    using Value = typename K::Value;
    constexpr int half = lanes_of<Value>;
    for (int from = 0; from < lanes; from += half) {
      const int some = static_cast<int>(least(half, lanes - from));
      const Mask part = first_lanes<Value>(some);
      Vector<Value> v{};
      for (int i = 0; i < some; ++i) v[i] = static_cast<Value>(sum[from + i]);
      const Columns half_to = columns_beside(kernel, to, from);
      store_output(kernel, row, half_to, some, part, kernel.epilogue(v, at.b, m, n + from, some, part, half_to.table));
    }
  }
}

// Sums that an earlier part of k left for finish().
template <class K>
inline Vector<typename K::Sum> resume(const K& kernel, const Place& at, i64 m, const typename K::Out* row,
                                      const Columns& to, int lanes, Mask mask) {
  using Sum = typename K::Sum;
  if (at.first) return Vector<Sum>{};
  if constexpr (K::split_k > 1) {
    const Sum* from = partial(kernel, at.slice, at.b, m, to.n);
    return lanes == lanes_of<Sum> ? load(from) : load_first(from, mask);
  } else if constexpr (K::sums_in_output) {
    return load_output(row, to, lanes, mask);
  } else {
    return Vector<Sum>{};
  }
}

}  // namespace pt
