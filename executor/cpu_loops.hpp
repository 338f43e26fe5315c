// The loops that detection and calibration time: each keeps one unit of the core busy and nothing
// else. Compiled once per instruction set and always optimised (executor/CMakeLists.txt), so that
// a portable or debug build measures the machine and not itself.
//
// Pure register and memory work; any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace perftune {

enum class CpuIsa : std::uint8_t { avx2, avx512 };

// `rounds` times 64 additions, each needing the one before: 64 cycles per round. The second
// operand is a register: recent cores merge additions of immediates while renaming.
void dependent_adds(std::int64_t rounds);

// `rounds` times 64 vector FMAs, each needing the one before: 64 latencies per round.
void dependent_fmas(CpuIsa isa, std::int64_t rounds);

// Independent FMAs on as many accumulators as registers allow. Return the FMAs per round, counted
// in vectors of the full width.
std::int64_t independent_fmas_f32(CpuIsa isa, std::int64_t rounds);
std::int64_t independent_fmas_f64(CpuIsa isa, std::int64_t rounds);

// Reads every byte once. `bytes` is a multiple of 2048, `from` aligned to 64.
void read_plain(CpuIsa isa, const std::byte* from, std::size_t bytes);
// The same, asking for lines 1 KB ahead past the outer caches (prefetchnta).
void read_streaming(CpuIsa isa, const std::byte* from, std::size_t bytes);
// Copies with stores that bypass the caches.
void copy_streaming(CpuIsa isa, std::byte* to, const std::byte* from, std::size_t bytes);

}  // namespace perftune
