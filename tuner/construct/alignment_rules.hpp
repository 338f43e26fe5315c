// The alignment rules: each a small function of hardware numbers, after Roller (OSDI'22, section
// 3.1) and NVIDIA's CUDA C++ Best Practices Guide ("Maximize Memory Throughput", "Occupancy").
//
// A rule answers one question about one extent. Constructors compose them and write down which
// rule fixed which knob, so that `perftune explain` can say so. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "recipes/dtype.hpp"
#include "recipes/hardware.hpp"
#include "tuner/constructor.hpp"

namespace perftune::rules {

inline constexpr int kWarp = 32;            // threads
inline constexpr int kSectorBytes = 32;     // unit of a DRAM and L2 transfer
inline constexpr int kLineBytes = 128;      // unit of an L1 tag
inline constexpr int kVectorBytes = 16;     // widest load of one thread

// Fraction of extra elements when `extent` is cut into tiles of `tile`: ceil(e/t)*t/e - 1.
double padding_waste(std::int64_t extent, std::int64_t tile);

// Of any extent, at least 1. No tile has use for more along that axis.
std::int64_t power_of_two_at_least(std::int64_t extent);

// Elements of `type` in one 32-byte sector: innermost extents of a tile are multiples of this, so
// that no sector is fetched for a part of it.
int sector_elements(DType type);

// Widest power-of-two vector load of `type`, in elements, given the alignment that the operand's
// address function guarantees.
int vector_elements(DType type, int guaranteed);

// Threads are whole warps and within the block limit.
bool threads_fit(const Hardware& hardware, int threads);

// One block's shared memory is within the opt-in limit.
bool shared_fits(const Hardware& hardware, std::int64_t bytes);

// Registers per thread are below the spill line: the architecture's limit per thread, and the
// register file divided by the threads of `min_blocks` resident blocks.
bool registers_fit(const Hardware& hardware, int registers, int threads, int min_blocks);

// Blocks that are resident at once on the whole device, by threads, shared memory and registers.
std::int64_t resident_blocks(const Hardware& hardware, int threads, std::int64_t shared_bytes,
                             int registers);

// Useful share of the waves that `blocks` take when `slots` run at once: 1 for a full last wave.
double wave_efficiency(std::int64_t blocks, std::int64_t slots);

// Bytes read from the level above per element of output for a bm x bn tile, the quantity that
// growth minimises: k * (bytes_a / bn + bytes_b / bm).
double tile_traffic(double bm, double bn, double bytes_a, double bytes_b);

// Bytes that one k element of a bm x bn tile occupies: bm * bytes_a + bn * bytes_b.
double tile_footprint(double bm, double bn, double bytes_a, double bytes_b);

// True: growing m (to grown_m) saves more traffic per added byte of footprint than growing n.
bool grow_m_first(double bm, double bn, double grown_m, double grown_n, double bytes_a,
                  double bytes_b);

// The smallest tile intensity (flops per byte of L2 traffic) at which arithmetic, not L2, limits:
// growth past it brings nothing. `flops_per_second` is the pipe's peak.
double balanced_intensity(const Hardware& hardware, double flops_per_second);

// Ways to cut k when `blocks` tiles leave the machine idle: powers of two (and the exact fill) for
// which the cut fills more of the slots and leaves each part at least `min_steps` steps of block_k.
std::vector<int> split_k_choices(std::int64_t blocks, std::int64_t slots, std::int64_t k,
                                 int block_k, int min_steps);

// Whether to cut the last waves evenly (stream_k) instead of leaving more than 5 % of the `slots` idle in
// them: where whole tiles fill at least half of the machine, else one would be cut into more parts than
// one block should add, and where a tile has four steps to share.
bool stream_k_pays(std::int64_t blocks, std::int64_t slots, std::int64_t k, int block_k);

// Why k is cut by streams, into `split_k` parts, or not at all (1), where `blocks` tiles meet
// `slots`.
RuleApplied scale_out_rule(bool stream_k, int split_k, std::int64_t blocks, std::int64_t slots);

// Rows of tiles of block_m x block_n to visit before n advances, so that the `slots` that run at once
// cover a square of the output and share most of what they read from L2; at most all of m's.
int raster_group(std::int64_t m, int block_m, int block_n, std::int64_t slots);

// Stages of a k step in flight that cover the memory latency by Little's law: bytes in flight per
// SM = bandwidth * latency / SMs, in units of `stage_bytes * blocks_per_sm`; at least 2.
int stages_for_latency(const Hardware& hardware, std::int64_t stage_bytes, int blocks_per_sm);

}  // namespace perftune::rules
