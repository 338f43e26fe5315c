// Programs over the columns of rows (codegen/row.hpp): reductions, softmax, norms, pooling.
//
// A block has row_threads x column_threads threads. With lanes along columns a thread takes Vector
// neighbouring columns of one row at a time, and the threads of a row are neighbours; with lanes
// along rows it takes Vector neighbouring rows at one column, and the threads of a column are
// neighbours. Threads of one row meet in shuffles, then in shared memory; blocks that share rows
// (`split`, grid y) in a workspace. Every sum is added in an order that only the tile program sets.
//
// What a thread has read or computed of a row stays with it between passes: in registers (`held`
// chunks), in its own part of shared memory (`staged`), or it is read again.
//
// `Problem` is printed by row_printer.cpp: T, Index, Tiles, Row (a row's coordinates and values),
// Columns (coordinates), Chunk (Vector points of a row), start, load, step, finish, store.
#pragma once

#include "perftune/indexing.cuh"
#include "perftune/scalar.cuh"

namespace pt {

template <int P>
struct Pass {};

// ---- Combining: op is '+', '*', '<' (minimum) or '>' (maximum) ----

template <class T>
PT_DEVICE T combine(char op, T a, T b) {
  return op == '+' ? a + b : op == '*' ? a * b : op == '<' ? minimum(a, b) : maximum(a, b);
}
template <class T>
PT_DEVICE T identity(char op) {
  if (op == '+') return T(0);
  if (op == '*') return T(1);
  if constexpr (is_same<T, i32>)
    return op == '<' ? 2147483647 : -2147483647 - 1;
  else
    return op == '<' ? infinity<T>() : -infinity<T>();
}

// ---- Vectors of any number of bytes ----

template <class E, int N>
inline constexpr int widest = smaller(N, 16 / static_cast<int>(sizeof(E)));

template <class E, int N>
PT_DEVICE void load_vector(Vec<E, N>& into, const E* from, bool valid) {
  constexpr int width = widest<E, N>;
  PT_UNROLL
  for (int v = 0; v < N; v += width) {
    const auto part = global_load(reinterpret_cast<const Vec<E, width>*>(from + v), valid);
    PT_UNROLL
    for (int i = 0; i < width; ++i) into[v + i] = part[i];
  }
}
template <class E, int N>
PT_DEVICE void store_vector(E* to, const Vec<E, N>& value, bool valid) {
  constexpr int width = widest<E, N>;
  PT_UNROLL
  for (int v = 0; v < N; v += width) {
    Vec<E, width> part;
    PT_UNROLL
    for (int i = 0; i < width; ++i) part[i] = value[v + i];
    global_store(reinterpret_cast<Vec<E, width>*>(to + v), part, valid);
  }
}
template <class E, int N>
PT_DEVICE void fill(Vec<E, N>& into, E value) {
  PT_UNROLL
  for (int v = 0; v < N; ++v) into[v] = value;
}

// A thread's own vectors in shared memory: piece by piece, neighbouring threads side by side.
template <class E, int N, int Threads>
PT_DEVICE void stage(u32 base, u32 slot, const Vec<E, N>& value) {
  constexpr int width = widest<E, N>;
  PT_UNROLL
  for (int v = 0; v < N; v += width) {
    Vec<E, width> part;
    PT_UNROLL
    for (int i = 0; i < width; ++i) part[i] = value[v + i];
    shared_store(base + ((slot * (N / width) + v / width) * Threads + thread_index()) * sizeof(part), part);
  }
}
template <class E, int N, int Threads>
PT_DEVICE void unstage(u32 base, u32 slot, Vec<E, N>& value) {
  constexpr int width = widest<E, N>;
  PT_UNROLL
  for (int v = 0; v < N; v += width) {
    using Part = Vec<E, width>;
    const auto part =
        shared_load<Part>(base + ((slot * (N / width) + v / width) * Threads + thread_index()) * sizeof(Part));
    PT_UNROLL
    for (int i = 0; i < width; ++i) value[v + i] = part[i];
  }
}

// ---- The kernel ----

template <class Problem, class Params>
class RowKernel {
  using Tiles = typename Problem::Tiles;
  using T = typename Problem::T;
  using Index = typename Problem::Index;
  using Row = typename Problem::Row;
  using Chunk = typename Problem::Chunk;

  static constexpr int V = Tiles::vector;
  static constexpr int row_threads = Tiles::row_threads, column_threads = Tiles::column_threads;
  static constexpr int threads = row_threads * column_threads;
  static constexpr int row_lanes = Tiles::along_rows ? V : 1;
  static constexpr int column_lanes = Tiles::along_rows ? 1 : V;
  static constexpr int stride = column_threads * column_lanes;  // columns between a thread's chunks
  static constexpr int warps = column_threads > 32 ? column_threads / 32 : 1;  // of one row
  // Values that threads of one row put into shared memory per sum.
  static constexpr int met = Tiles::along_rows ? column_threads * row_threads * row_lanes
                                               : row_threads * warps;
  static constexpr bool meets = Tiles::along_rows ? column_threads > 1 : column_threads > 32;

 public:
  static PT_DEVICE void run(const Params& p) {
    const i32 thread = static_cast<i32>(thread_index());
    const i32 along = Tiles::along_rows ? thread / row_threads : thread % column_threads;
    const i32 across = Tiles::along_rows ? thread % row_threads : thread / column_threads;
    const Index first = (static_cast<Index>(block_index_x()) * row_threads + across) * row_lanes;
    Row row;
    row.valid = first < static_cast<Index>(p.rows);
    Problem::start(p, row.valid ? first : Index(0), row);
    if constexpr (Tiles::split > 1) {
      split_columns(p, row, along, across);
    } else if constexpr (Tiles::held > 0) {
      Chunk held[Tiles::held];
      passes<0>(p, row, along, across, held);
      if (along == 0) Problem::store(p, row);
    } else {
      Chunk held[1];
      passes<0>(p, row, along, across, held);
      if (along == 0) Problem::store(p, row);
    }
  }

 private:
  template <int P>
  static constexpr int sums = Problem::sums(Pass<P>{});
  // Byte offset of the part of shared memory where the sums of a pass meet.
  template <int P>
  static constexpr PT_DEVICE u32 meeting() {
    if constexpr (P == 0)
      return 0;
    else
      return meeting<P - 1>() + (meets ? static_cast<u32>(sums<P - 1> * met * sizeof(T)) : 0);
  }

  template <int P, int H>
  static PT_DEVICE void passes(const Params& p, Row& row, i32 along, i32 across, Chunk (&held)[H]) {
    if constexpr (P < Tiles::passes) {
      T acc[sums<P> + 1][V];
      go_over<P>(p, row, along, Index(0), static_cast<Index>(p.columns), held, acc);
      T total[sums<P> + 1][row_lanes];
      fold<P>(acc, total);
      meet<P>(meeting<P>(), along, across, total);
      Problem::finish(Pass<P>{}, p, row, total);
      passes<P + 1>(p, row, along, across, held);
    }
  }

  // This thread's columns of [begin, end), into sums per lane.
  template <int P, int H>
  static PT_DEVICE void go_over(const Params& p, const Row& row, i32 along, Index begin, Index end,
                                Chunk (&held)[H], T (&acc)[sums<P> + 1][V]) {
    PT_UNROLL
    for (int s = 0; s < sums<P>; ++s) {
      PT_UNROLL
      for (int v = 0; v < V; ++v) acc[s][v] = identity<T>(Problem::op(Pass<P>{}, s));
    }
    const Index first = begin + static_cast<Index>(along) * column_lanes;
    if constexpr (Tiles::held > 0) {
      PT_UNROLL
      for (int j = 0; j < Tiles::held; ++j) {
        const Index column = first + static_cast<Index>(j) * stride;
        Problem::load(Pass<P>{}, p, row, Problem::columns_at(p, column), row.valid && column < end, held[j]);
      }
      PT_UNROLL
      for (int j = 0; j < Tiles::held; ++j) {
        const Index column = first + static_cast<Index>(j) * stride;
        if (row.valid && column < end)
          Problem::step(Pass<P>{}, p, row, Problem::columns_at(p, column), held[j], acc);
      }
    } else {
      u32 slot = 0;
      PT_NO_UNROLL
      for (Index column = first; column < end; column += static_cast<Index>(stride) * Tiles::unroll) {
        Chunk chunk[Tiles::unroll];
        PT_UNROLL
        for (int u = 0; u < Tiles::unroll; ++u) {
          const Index at = column + static_cast<Index>(u) * stride;
          const bool valid = row.valid && at < end;
          Problem::load(Pass<P>{}, p, row, Problem::columns_at(p, at), valid, chunk[u]);
          if constexpr (Tiles::staged)
            if (valid) Problem::unstage(Pass<P>{}, slot + static_cast<u32>(u), chunk[u]);
        }
        PT_UNROLL
        for (int u = 0; u < Tiles::unroll; ++u) {
          const Index at = column + static_cast<Index>(u) * stride;
          if (row.valid && at < end) {
            Problem::step(Pass<P>{}, p, row, Problem::columns_at(p, at), chunk[u], acc);
            if constexpr (Tiles::staged) Problem::stage(Pass<P>{}, slot + static_cast<u32>(u), chunk[u]);
          }
        }
        slot += Tiles::unroll;
      }
    }
  }

  // Lanes of columns into one value; lanes of rows stay apart.
  template <int P>
  static PT_DEVICE void fold(const T (&acc)[sums<P> + 1][V], T (&total)[sums<P> + 1][row_lanes]) {
    PT_UNROLL
    for (int s = 0; s < sums<P>; ++s) {
      if constexpr (Tiles::along_rows) {
        PT_UNROLL
        for (int v = 0; v < V; ++v) total[s][v] = acc[s][v];
      } else {
        T sum = acc[s][0];
        PT_UNROLL
        for (int v = 1; v < V; ++v) sum = combine(Problem::op(Pass<P>{}, s), sum, acc[s][v]);
        total[s][0] = sum;
      }
    }
  }

  // Sums of the threads of one row; afterwards each of them has the total.
  template <int P>
  static PT_DEVICE void meet(u32 base, i32 along, i32 across, T (&total)[sums<P> + 1][row_lanes]) {
    if constexpr (sums<P> > 0 && column_threads > 1) {
      if constexpr (Tiles::along_rows) {
        PT_UNROLL
        for (int s = 0; s < sums<P>; ++s) {
          PT_UNROLL
          for (int v = 0; v < row_lanes; ++v)
            shared_store(base + slot_of(s, v, along, across), total[s][v]);
        }
        sync_block();
        PT_UNROLL
        for (int s = 0; s < sums<P>; ++s) {
          PT_UNROLL
          for (int v = 0; v < row_lanes; ++v) {
            T sum = shared_load<T>(base + slot_of(s, v, 0, across));
            PT_NO_UNROLL
            for (int i = 1; i < column_threads; ++i)
              sum = combine(Problem::op(Pass<P>{}, s), sum, shared_load<T>(base + slot_of(s, v, i, across)));
            total[s][v] = sum;
          }
        }
      } else {
        PT_UNROLL
        for (int s = 0; s < sums<P>; ++s) {
          PT_UNROLL
          for (int mask = smaller(column_threads, 32) / 2; mask >= 1; mask /= 2)
            total[s][0] = combine(Problem::op(Pass<P>{}, s), total[s][0], shuffle_xor(total[s][0], mask));
        }
        if constexpr (warps > 1) {
          if (along % 32 == 0) {
            PT_UNROLL
            for (int s = 0; s < sums<P>; ++s)
              shared_store(base + static_cast<u32>(((s * row_threads + across) * warps + along / 32) * sizeof(T)),
                           total[s][0]);
          }
          sync_block();
          PT_UNROLL
          for (int s = 0; s < sums<P>; ++s) {
            const u32 from = base + static_cast<u32>((s * row_threads + across) * warps * sizeof(T));
            T sum = shared_load<T>(from);
            PT_UNROLL
            for (int w = 1; w < warps; ++w)
              sum = combine(Problem::op(Pass<P>{}, s), sum, shared_load<T>(from + static_cast<u32>(w * sizeof(T))));
            total[s][0] = sum;
          }
        }
      }
    }
  }
  static PT_DEVICE u32 slot_of(int s, int v, i32 along, i32 across) {
    return static_cast<u32>((((s * row_lanes + v) * column_threads + along) * row_threads + across) * sizeof(T));
  }

  // Blocks of grid y share these rows. Each leaves its sums in the workspace; the last to arrive
  // adds them all in order, and sets the counter back for the next launch.
  static PT_DEVICE void split_columns(const Params& p, Row& row, i32 along, i32 across) {
    constexpr int S = sums<0>;
    const i32 part = static_cast<i32>(block_index_y());
    const Index begin = static_cast<Index>(part) * static_cast<Index>(p.part_columns);
    const Index limit = static_cast<Index>(p.columns);
    const Index end = smaller(limit, begin + static_cast<Index>(p.part_columns));
    Chunk held[1];
    T acc[S + 1][V];
    go_over<0>(p, row, along, begin, end, held, acc);
    T total[S + 1][row_lanes];
    fold<0>(acc, total);
    meet<0>(0, along, across, total);

    constexpr i64 block_sums = static_cast<i64>(S) * row_threads * row_lanes;
    const i64 tile = static_cast<i64>(block_index_x());
    T* const all = reinterpret_cast<T*>(p.workspace + p.partials) + tile * Tiles::split * block_sums;
    if (along == 0) {
      PT_UNROLL
      for (int s = 0; s < S; ++s) {
        PT_UNROLL
        for (int v = 0; v < row_lanes; ++v)
          global_store(all + part * block_sums + (s * row_threads + across) * row_lanes + v, total[s][v]);
      }
    }
    sync_block();
    constexpr u32 ticket = Tiles::shared_bytes - 16;
    u32* const counter = reinterpret_cast<u32*>(p.workspace) + tile;
    if (thread_index() == 0) {
      fence_device();
      shared_store(ticket, atomic_add_acq_rel(counter, 1u));
    }
    sync_block();
    if (shared_load<u32>(ticket) != Tiles::split - 1) return;
    if (thread_index() == 0) global_store(counter, 0u);
    fence_device();
    PT_UNROLL
    for (int s = 0; s < S; ++s) {
      PT_UNROLL
      for (int v = 0; v < row_lanes; ++v) {
        T sum = identity<T>(Problem::op(Pass<0>{}, s));
        PT_NO_UNROLL
        for (int from = along; from < Tiles::split; from += column_threads)
          sum = combine(Problem::op(Pass<0>{}, s), sum,
                        global_load_coherent(all + from * block_sums + (s * row_threads + across) * row_lanes + v));
        total[s][v] = sum;
      }
    }
    meet<0>(meeting<1>(), along, across, total);
    Problem::finish(Pass<0>{}, p, row, total);
    if (along == 0) Problem::store(p, row);
  }
};

}  // namespace pt
