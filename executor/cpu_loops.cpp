#include "executor/cpu_loops.hpp"

#include <immintrin.h>

namespace perftune {

namespace {

// One definition per instruction set. The bodies are alike; intrinsics fix the width, the target
// attribute lets a portable executable hold both. Every loop over an array of vectors is unrolled:
// an array that is indexed at run time would live in memory instead of registers.
namespace wide {

[[gnu::target("avx512f")]] void chain(std::int64_t rounds) {
  __m512 x = _mm512_set1_ps(1.0F);
  const __m512 one = _mm512_set1_ps(1.0F);
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 64
    for (int i = 0; i < 64; ++i) {
      x = _mm512_fmadd_ps(x, one, one);
      asm volatile("" : "+v"(x));
    }
  }
}

[[gnu::target("avx512f")]] void fmas_f32(std::int64_t rounds) {
  __m512 x[24];
  const __m512 one = _mm512_set1_ps(1.0F), half = _mm512_set1_ps(0.5F);
#pragma GCC unroll 24
  for (auto& v : x) v = one;
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 24
    for (int i = 0; i < 24; ++i) {
      x[i] = _mm512_fmadd_ps(x[i], half, one);
      asm volatile("" : "+v"(x[i]));
    }
  }
}

[[gnu::target("avx512f")]] void fmas_f64(std::int64_t rounds) {
  __m512d x[24];
  const __m512d one = _mm512_set1_pd(1.0), half = _mm512_set1_pd(0.5);
#pragma GCC unroll 24
  for (auto& v : x) v = one;
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 24
    for (int i = 0; i < 24; ++i) {
      x[i] = _mm512_fmadd_pd(x[i], half, one);
      asm volatile("" : "+v"(x[i]));
    }
  }
}

template <bool prefetch>
[[gnu::target("avx512f")]] void read(const std::byte* from, std::size_t bytes) {
  __m512i x[8] = {};
  for (const std::byte* end = from + bytes; from < end; from += 1024) {
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      if constexpr (prefetch) _mm_prefetch(from + 1024 + 64 * i, _MM_HINT_NTA);
      x[i % 8] = _mm512_xor_si512(x[i % 8], _mm512_load_si512(from + 64 * i));
    }
  }
#pragma GCC unroll 8
  for (auto& v : x) asm volatile("" : : "v"(v));
}

[[gnu::target("avx512f")]] void copy(std::byte* to, const std::byte* from, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += 512) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < 512; i += 64) {
      _mm512_stream_si512(reinterpret_cast<__m512i*>(to + at + i),
                          _mm512_load_si512(from + at + i));
    }
  }
  _mm_sfence();
}
}  // namespace wide

namespace narrow {
[[gnu::target("avx2,fma")]] void chain(std::int64_t rounds) {
  __m256 x = _mm256_set1_ps(1.0F);
  const __m256 one = _mm256_set1_ps(1.0F);
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 64
    for (int i = 0; i < 64; ++i) {
      x = _mm256_fmadd_ps(x, one, one);
      asm volatile("" : "+x"(x));
    }
  }
}

[[gnu::target("avx2,fma")]] void fmas_f32(std::int64_t rounds) {
  __m256 x[12];
  const __m256 one = _mm256_set1_ps(1.0F), half = _mm256_set1_ps(0.5F);
#pragma GCC unroll 24
  for (auto& v : x) v = one;
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) {
      x[i] = _mm256_fmadd_ps(x[i], half, one);
      asm volatile("" : "+x"(x[i]));
    }
  }
}

[[gnu::target("avx2,fma")]] void fmas_f64(std::int64_t rounds) {
  __m256d x[12];
  const __m256d one = _mm256_set1_pd(1.0), half = _mm256_set1_pd(0.5);
#pragma GCC unroll 24
  for (auto& v : x) v = one;
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) {
      x[i] = _mm256_fmadd_pd(x[i], half, one);
      asm volatile("" : "+x"(x[i]));
    }
  }
}

template <bool prefetch>
[[gnu::target("avx2,fma")]] void read(const std::byte* from, std::size_t bytes) {
  __m256i x[8] = {};
  for (const std::byte* end = from + bytes; from < end; from += 1024) {
#pragma GCC unroll 32
    for (int i = 0; i < 32; ++i) {
      if constexpr (prefetch) {
        if (i % 2 == 0) _mm_prefetch(from + 1024 + 32 * i, _MM_HINT_NTA);
      }
      x[i % 8] = _mm256_xor_si256(
          x[i % 8], _mm256_load_si256(reinterpret_cast<const __m256i*>(from + 32 * i)));
    }
  }
#pragma GCC unroll 8
  for (auto& v : x) asm volatile("" : : "x"(v));
}

[[gnu::target("avx2,fma")]] void copy(std::byte* to, const std::byte* from, std::size_t bytes) {
  for (std::size_t at = 0; at < bytes; at += 256) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < 256; i += 32) {
      _mm256_stream_si256(reinterpret_cast<__m256i*>(to + at + i),
                          _mm256_load_si256(reinterpret_cast<const __m256i*>(from + at + i)));
    }
  }
  _mm_sfence();
}
}  // namespace narrow

}  // namespace

void dependent_adds(std::int64_t rounds) {
  std::int64_t x = 0;
  const std::int64_t one = 1;
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 64
    for (int i = 0; i < 64; ++i) asm volatile("add %1, %0" : "+r"(x) : "r"(one));
  }
}

void dependent_fmas(CpuIsa isa, std::int64_t rounds) {
  isa == CpuIsa::avx512 ? wide::chain(rounds) : narrow::chain(rounds);
}

std::int64_t independent_fmas_f32(CpuIsa isa, std::int64_t rounds) {
  isa == CpuIsa::avx512 ? wide::fmas_f32(rounds) : narrow::fmas_f32(rounds);
  return isa == CpuIsa::avx512 ? 24 : 12;
}

std::int64_t independent_fmas_f64(CpuIsa isa, std::int64_t rounds) {
  isa == CpuIsa::avx512 ? wide::fmas_f64(rounds) : narrow::fmas_f64(rounds);
  return isa == CpuIsa::avx512 ? 24 : 12;
}

void read_plain(CpuIsa isa, const std::byte* from, std::size_t bytes) {
  isa == CpuIsa::avx512 ? wide::read<false>(from, bytes) : narrow::read<false>(from, bytes);
}

void read_streaming(CpuIsa isa, const std::byte* from, std::size_t bytes) {
  isa == CpuIsa::avx512 ? wide::read<true>(from, bytes) : narrow::read<true>(from, bytes);
}

void copy_streaming(CpuIsa isa, std::byte* to, const std::byte* from, std::size_t bytes) {
  isa == CpuIsa::avx512 ? wide::copy(to, from, bytes) : narrow::copy(to, from, bytes);
}

}  // namespace perftune
