// A map on the CPU: every output element is a function of elements read at its own position.
//
// The emitted source defines a kernel type K, the operator as small inline functions and the tile
// program as constants, and calls run<K>. The loop nest has K::axes axes, the innermost last. K has
//   program    crossing (tiles of two axes) or not, across (the second axis), tile_x, tile_y, tasks,
//              streams (stores go past the caches), unroll
//   extents    extent(a); segment(): elements of the innermost axis per piece of work
//   Row        what one run of the innermost axis needs: pointers, invariant operands
//   row(at, tile, line)               of the run that starts at coordinates `at` (tiles: line of it)
//   step<Whole, Stream>(row, j, lanes, mask)   computes and stores elements j .. j + lanes of a run
//   aligned(row)                      elements until a run's output is aligned for streaming
//   fill(at, tile, nx, ny)            crossing: transposes operands into `tile` (tile_bytes)
//   Value      the type of values; a step has lanes_of<Value> elements
//
// A task owns consecutive pieces of work; tasks share nothing but inputs.
#pragma once

#include "crossing.hpp"
#include "pool.hpp"
#include "scalar.hpp"
#include "simd.hpp"
#include "vector_storage.hpp"

namespace pt {

// ---- Operands that are not contiguous along the innermost axis ----

// Lane i is element(i), for the first `lanes`; the others are 0.
template <class T, bool Whole, class Fetch>
inline T from_lanes(int lanes, const Fetch& fetch) {
  using V = Element<T>;
  V lane[lanes_of<V>] = {};
  const int count = Whole ? lanes_of<V> : lanes;
  for (int i = 0; i < count; ++i) lane[i] = fetch(i);
  return load(lane);
}

// A run [first, last) of j in which 0 <= start + step * j < extent; step is not 0.
struct Inside {
  i64 first = 0, last = 0;
};
inline i64 floor_quotient(i64 a, i64 positive) {
  return a / positive - (a % positive < 0 ? 1 : 0);
}
inline i64 floor_remainder(i64 a, i64 positive) {
  const i64 rest = a % positive;
  return rest < 0 ? rest + positive : rest;
}
inline Inside all_inside() { return {-(i64{1} << 62), i64{1} << 62}; }
inline void narrow(Inside& inside, i64 start, i64 step, i64 extent) {
  // start + step j >= 0 and <= extent - 1, for either sign of the step.
  const i64 size = step < 0 ? -step : step;
  const i64 low = step < 0 ? start - (extent - 1) : -start;   // size * j >= low
  const i64 high = step < 0 ? start : extent - 1 - start;     // size * j <= high
  // Divisions would cost a short run more than its elements do.
  const i64 first = size == 1 ? low : -floor_quotient(-low, size), last = (size == 1 ? high : floor_quotient(high, size)) + 1;
  if (first > inside.first) inside.first = first;
  if (last < inside.last) inside.last = last;
}
inline void exclude_all(Inside& inside) { inside = {0, 0}; }

// Elements j .. j + lanes of a padded operand that is contiguous: p points at element 0 of the run.
template <class T, bool Whole, class E>
inline T read_padded(const E* p, i64 j, int lanes, Mask mask, Inside inside, Element<T> pad) {
  using V = Element<T>;
  if (j >= inside.first && j + lanes <= inside.last)
    return Whole ? read_vector<T>(p + j) : read_some<T>(p + j, lanes, mask);
  if (j + lanes <= inside.first || j >= inside.last) return broadcast<V>(pad);
  if constexpr (same_type<E, V> && sizeof(V) >= 4) {
    const i64 first = j < inside.first ? inside.first - j : 0, last = least(inside.last - j, lanes);
    return load_masked(p + j, lanes_between<V>(static_cast<int>(first), static_cast<int>(last)), broadcast<V>(pad));
  }
  return from_lanes<T, Whole>(lanes, [&](int i) {
    return j + i >= inside.first && j + i < inside.last ? to_value<V>(p[j + i]) : pad;
  });
}
template <class T, bool Whole, class E>
inline T read_along(const E* p, int lanes, Mask mask) {
  return Whole ? read_vector<T>(p) : read_some<T>(p, lanes, mask);
}

// start, start + step, ... as values.
template <class T>
inline T ramp(i64 start, i64 step) {
  using V = Element<T>;
  V lane[lanes_of<V>];
  for (int i = 0; i < lanes_of<V>; ++i) lane[i] = static_cast<V>(i);  // a constant
  return load(lane) * broadcast<V>(static_cast<V>(step)) + broadcast<V>(static_cast<V>(start));
}

template <bool Whole, bool Stream, class D, class T>
inline void write_along(D* p, T v, int lanes, Mask mask) {
  if constexpr (Whole && Stream)
    stream(p, pack<D>(v));
  else if constexpr (Whole)
    put(p, pack<D>(v));
  else
    put_some(p, v, lanes, mask);
}

// Where a second output lies across the first.
template <class D, class T>
inline void scatter_lanes(D* p, i64 stride, T v, int lanes) {
  for (int i = 0; i < lanes; ++i) p[i * stride] = from_value<D>(v[i]);
}

// Elements from p to the next multiple of a whole step's bytes; -1: there is none.
template <class V, class D>
inline i64 until_aligned(const D* p) {
  constexpr unsigned long long step = lanes_of<V> * sizeof(D);
  const unsigned long long over = reinterpret_cast<unsigned long long>(p) % step;
  if (over == 0) return 0;
  return (step - over) % sizeof(D) == 0 ? static_cast<i64>((step - over) / sizeof(D)) : -1;
}

// ---- Loops ----

template <class K, bool Stream>
inline void whole_steps(const K& kernel, const typename K::Row& row, i64& j, i64 n) {
  constexpr i64 L = lanes_of<typename K::Value>;
  for (; j + K::unroll * L <= n; j += K::unroll * L) {
#pragma GCC unroll 8
    for (int u = 0; u < K::unroll; ++u)
      kernel.template step<true, Stream>(row, j + u * L, static_cast<int>(L), Mask{});
  }
  for (; j + L <= n; j += L)
    kernel.template step<true, Stream>(row, j, static_cast<int>(L), Mask{});
}

template <class K>
inline void part_of_step(const K& kernel, const typename K::Row& row, i64 j, int lanes) {
  kernel.template step<false, false>(row, j, lanes, first_lanes<typename K::Value>(lanes));
}

template <class K>
inline void run_row(const K& kernel, const typename K::Row& row, i64 n) {
  constexpr i64 L = lanes_of<typename K::Value>;
  i64 j = 0;
  if constexpr (K::streams) {
    const i64 head = kernel.aligned(row);
    if (head >= 0 && head + L <= n) {
      if (head > 0) part_of_step(kernel, row, 0, static_cast<int>(head));
      j = head;
      whole_steps<K, true>(kernel, row, j, n);
    }
  }
  whole_steps<K, false>(kernel, row, j, n);
  if (j < n) part_of_step(kernel, row, j, static_cast<int>(n - j));
}

// The next point of the axes before `last`, `skip` left alone.
template <class K>
inline void advance(const K& kernel, i64 (&at)[K::axes], int skip) {
  for (int a = K::axes - 2; a >= 0; --a) {
    if (a == skip) continue;
    if (++at[a] < kernel.extent(a)) return;
    at[a] = 0;
  }
}
template <class K>
inline void locate(const K& kernel, i64 point, i64 (&at)[K::axes], int skip) {
  for (int a = K::axes - 2; a >= 0; --a) {
    if (a == skip) continue;
    at[a] = point % kernel.extent(a);
    point /= kernel.extent(a);
  }
}

template <class K>
inline i64 outer_points(const K& kernel, int skip) {
  i64 points = 1;
  for (int a = 0; a + 1 < K::axes; ++a)
    if (a != skip) points *= kernel.extent(a);
  return points;
}

inline i64 pieces_of(i64 extent, i64 piece) { return (extent + piece - 1) / piece; }

template <class K>
inline void rows(const K& kernel, i64 begin, i64 end) {
  constexpr int inner = K::axes - 1;
  const i64 pieces = pieces_of(kernel.extent(inner), kernel.segment());
  i64 at[K::axes] = {};
  locate(kernel, begin / pieces, at, -1);
  i64 piece = begin % pieces;
  for (i64 unit = begin; unit < end; ++unit) {
    at[inner] = piece * kernel.segment();
    run_row(kernel, kernel.row(at, nullptr, 0),
            least(kernel.segment(), kernel.extent(inner) - at[inner]));
    if (++piece == pieces) {
      piece = 0;
      advance(kernel, at, -1);
    }
  }
}

template <class K>
inline void tiles(const K& kernel, i64 begin, i64 end) {
  constexpr int inner = K::axes - 1;
  alignas(64) unsigned char tile[K::tile_bytes];
  const i64 tiles_x = pieces_of(kernel.extent(inner), K::tile_x);
  const i64 tiles_y = pieces_of(kernel.extent(K::across), K::tile_y);
  i64 at[K::axes] = {};
  for (i64 unit = begin; unit < end; ++unit) {
    const i64 tx = unit % tiles_x, ty = unit / tiles_x % tiles_y;
    locate(kernel, unit / tiles_x / tiles_y, at, K::across);
    const i64 x = tx * K::tile_x, y = ty * K::tile_y;
    const i64 nx = least(K::tile_x, kernel.extent(inner) - x);
    const i64 ny = least(K::tile_y, kernel.extent(K::across) - y);
    at[inner] = x;
    at[K::across] = y;
    kernel.fill(at, tile, nx, ny);
    for (i64 line = 0; line < ny; ++line) {
      at[K::across] = y + line;
      run_row(kernel, kernel.row(at, tile, line), nx);
    }
  }
}

template <class K>
inline i64 units(const K& kernel) {
  constexpr int inner = K::axes - 1;
  if constexpr (K::crossing)
    return outer_points(kernel, K::across) * pieces_of(kernel.extent(inner), K::tile_x) *
           pieces_of(kernel.extent(K::across), K::tile_y);
  else
    return outer_points(kernel, -1) * pieces_of(kernel.extent(inner), kernel.segment());
}

template <class K>
void work(void* argument, int task) {
  const K& kernel = *static_cast<const K*>(argument);
  const i64 all = units(kernel);
  const i64 begin = all * task / K::tasks, end = all * (task + 1) / K::tasks;
  if constexpr (K::crossing)
    tiles(kernel, begin, end);
  else
    rows(kernel, begin, end);
  if constexpr (K::streams) __builtin_ia32_sfence();
}

template <class K>
inline void run(const K& kernel, const PerftunePool& pool) {
  void* argument = const_cast<K*>(&kernel);
  if constexpr (K::tasks == 1)
    work<K>(argument, 0);
  else
    pool.run(pool.context, K::tasks, &work<K>, argument);
}

}  // namespace pt
