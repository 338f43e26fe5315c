// Maps: every output element is a function of elements read at its own position.
//
// A thread computes `items` vectors of `width` elements of the innermost axis, all loads before the
// first store. Where operands are contiguous along another axis, a block takes a square tile of both
// axes and passes those operands through shared memory, whose rows are padded to an odd number of
// words: neither its rows nor its columns meet a bank twice.
//
// `Problem` is printed by map_source.cpp: Index, point or tile (which position a thread or block
// has), load, finish, and stage for crossing programs.
#pragma once

#include "perftune/indexing.cuh"
#include "perftune/scalar.cuh"

namespace pt {

PT_DEVICE i64 peel(i64& rest, i64, i64 d) {
  const i64 before = rest;
  rest = before / d;
  return before - rest * d;
}

// Floored, by a constant.
template <class Index>
PT_DEVICE Index floor_quotient(Index a, Index positive) {
  return a / positive - (a % positive < 0 ? 1 : 0);
}
template <class Index>
PT_DEVICE Index floor_remainder(Index a, Index positive) {
  const Index rest = a % positive;
  return rest < 0 ? rest + positive : rest;
}
template <class Index>
PT_DEVICE bool within(Index at, Index extent) { return at >= 0 && at < extent; }

// N neighbours from `from`, in loads of R.
template <int N, int R, class T>
PT_DEVICE Vec<T, N> load_run(const T* from, bool valid) {
  constexpr int width = smaller(R, 16 / static_cast<int>(sizeof(T)));
  Vec<T, N> all;
  PT_UNROLL
  for (int v = 0; v < N; v += width) {
    const auto part = global_load(reinterpret_cast<const Vec<T, width>*>(from + v), valid);
    PT_UNROLL
    for (int i = 0; i < width; ++i) all[v + i] = part[i];
  }
  return all;
}
template <int N, class T>
PT_DEVICE void store_run(T* to, const Vec<T, N>& all, bool valid) {
  constexpr int width = smaller(N, 16 / static_cast<int>(sizeof(T)));
  PT_UNROLL
  for (int v = 0; v < N; v += width) {
    Vec<T, width> part;
    PT_UNROLL
    for (int i = 0; i < width; ++i) part[i] = all[v + i];
    global_store(reinterpret_cast<Vec<T, width>*>(to + v), part, valid);
  }
}

// A tile of Tile x Tile elements on its way through shared memory: element (x, y) at
// offset + (x * pitch + y) * sizeof(T). Rows of x are contiguous in global memory.
template <class T, int Tile>
struct CrossedTile {
  static constexpr int bytes_each = static_cast<int>(sizeof(T));
  static constexpr int pitch = Tile + (bytes_each >= 4 ? 1 : 4 / bytes_each);

  static PT_DEVICE u32 place(i32 x, i32 y) { return static_cast<u32>((x * pitch + y) * bytes_each); }

  template <int Threads, class Index>
  static PT_DEVICE void fetch(u32 offset, const T* from, Index stride, i32 nx, i32 ny, bool inside,
                              T pad) {
    constexpr int each = Tile * Tile / Threads;
    T held[each];
    PT_UNROLL
    for (int i = 0; i < each; ++i) {
      const i32 linear = static_cast<i32>(thread_index()) + i * Threads;
      const i32 x = linear / Tile, y = linear % Tile;
      const bool valid = inside && x < nx && y < ny;
      held[i] = global_load(from + (static_cast<Index>(x) * stride + static_cast<Index>(y)), valid);
      if (!inside) held[i] = pad;
    }
    PT_UNROLL
    for (int i = 0; i < each; ++i) {
      const i32 linear = static_cast<i32>(thread_index()) + i * Threads;
      const i32 x = linear / Tile, y = linear % Tile;
      if (x < nx && y < ny) shared_store(offset + place(x, y), held[i]);
    }
  }
  static PT_DEVICE T read(u32 offset, i32 x, i32 y, bool valid) {
    T value{};
    if (valid) value = shared_load<T>(offset + place(x, y));
    return value;
  }
};

template <class Problem, class Params>
class MapRows {
  using Index = typename Problem::Index;

 public:
  static PT_DEVICE void run(const Params& p) {
    const Index first = static_cast<Index>(block_index_x()) * (Problem::threads * Problem::items) +
                        static_cast<Index>(thread_index());
    typename Problem::Point at[Problem::items];
    typename Problem::Loaded x[Problem::items];
    bool valid[Problem::items];
    PT_UNROLL
    for (int i = 0; i < Problem::items; ++i) {
      const Index linear = first + i * Problem::threads;
      valid[i] = linear < static_cast<Index>(p.vectors);
      at[i] = Problem::point(p, valid[i] ? linear : 0);
      x[i] = Problem::load(p, at[i], valid[i], 0, 0);
    }
    PT_UNROLL
    for (int i = 0; i < Problem::items; ++i) Problem::finish(p, at[i], x[i], valid[i]);
  }
};

template <class Problem, class Params>
class MapTiles {
 public:
  static PT_DEVICE void run(const Params& p) {
    constexpr int tile = Problem::tile, each = tile * tile / Problem::threads;
    const auto origin = Problem::origin(p, static_cast<typename Problem::Index>(block_index_x()));
    const i32 nx = Problem::rest_x(p, origin), ny = Problem::rest_y(p, origin);
    Problem::stage(p, origin, nx, ny);
    sync_block();
    PT_UNROLL
    for (int i = 0; i < each; ++i) {
      const i32 linear = static_cast<i32>(thread_index()) + i * Problem::threads;
      const i32 x = linear % tile, y = linear / tile;
      const bool valid = x < nx && y < ny;
      const auto at = Problem::shifted(origin, valid ? x : 0, valid ? y : 0);
      const auto loaded = Problem::load(p, at, valid, x, y);
      Problem::finish(p, at, loaded, valid);
    }
  }
};

}  // namespace pt
