// The text of a matrix product by OpenBLAS or oneDNN. It may use the C library but no C++ runtime: kernels are
// linked without one, and may be loaded by a program that has none.
#include <fmt/format.h>

#include "codegen/vendor/product_emitter.hpp"

namespace perftune {
namespace {

// What differs between the libraries. Thread settings are theirs for the whole process: a call sets what its
// pool has and puts back what was there.
struct Parts {
  const char* version;   // of the open `library`: sets major, minor, patch
  const char* multiply;  // type of the routine, its name, and the names of the thread functions
  const char* symbol;
  const char* get_threads;
  const char* set_threads;
  const char* call;
};

constexpr Parts openblas = {
    R"(  typedef const char* (*Config)(void);
  const Config config = (Config)dlsym(library, "openblas_get_config");
  if (config) sscanf(config(), "OpenBLAS %d.%d.%d", &major, &minor, &patch);)",
    // cblas.h: order, transposition of both, extents, alpha, A, B, beta, C
    R"(typedef void (*Multiply)(int, int, int, int, int, int, float, const float*, int, const float*, int, float,
                         float*, int);)",
    "cblas_sgemm", "openblas_get_num_threads", "openblas_set_num_threads",
    R"(multiply(101, transpose_a ? 112 : 111, transpose_b ? 112 : 111, (int)p->m, (int)p->n, (int)p->k, 1.0f,
             p->A + i * p->stride_a, (int)p->leading_a, p->B + i * p->stride_b, (int)p->leading_b, 0.0f,
             p->C + i * p->stride_c, (int)p->leading_c);)"};

constexpr Parts onednn = {
    R"(  struct Numbers {
    int major, minor, patch;
  };
  typedef const Numbers* (*Version)(void);
  const Version version = (Version)dlsym(library, "dnnl_version");
  if (version) major = version()->major, minor = version()->minor, patch = version()->patch;)",
    // oneapi/dnnl/dnnl.h: row-major as the rest of that library; its threads are OpenMP's
    R"(typedef int (*Multiply)(char, char, i64, i64, i64, float, const float*, i64, const float*, i64, float, float*,
                        i64);)",
    "dnnl_sgemm", "omp_get_max_threads", "omp_set_num_threads",
    R"(multiply(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', p->m, p->n, p->k, 1.0f, p->A + i * p->stride_a,
             p->leading_a, p->B + i * p->stride_b, p->leading_b, 0.0f, p->C + i * p->stride_c, p->leading_c);)"};

}  // namespace

std::string vendor_product_source(const VendorTarget& vendor, const TileProgram& program) {
  const Parts& parts = vendor.target == "vendor/openblas" ? openblas : onednn;
  const std::int64_t version = program.at("version");
  return fmt::format(R"(// {program}
// C[b,m,n] = sum_k A[b,m,k] * B[b,k,n] by {symbol} of {name} {text}, looked for where this runs.
#include <dlfcn.h>
#include <stdio.h>

#include "perftune/pool.hpp"

typedef long i64;
constexpr bool transpose_a = {transpose_a}, transpose_b = {transpose_b};

struct Params {{
  const float* A;
  const float* B;
  float* C;
  i64 batch, m, n, k, leading_a, leading_b, leading_c, stride_a, stride_b, stride_c;
}};

{multiply}
static Multiply multiply;
static int (*get_threads)(void);
static void (*set_threads)(int);
static char why_not[160];

static void find() {{
  const char* const files[] = {{{files}}};
  void* library = nullptr;
  for (const char* file : files)
    if ((library = dlopen(file, RTLD_NOW | RTLD_LOCAL)) != nullptr) break;
  if (!library) {{
    snprintf(why_not, sizeof why_not, "{name} {text} is not here");
    return;
  }}
  int major = 0, minor = 0, patch = 0;
{version}
  if (major != {major} || minor != {minor} || patch != {patch}) {{
    snprintf(why_not, sizeof why_not, "{name} is %d.%d.%d here, {text} is what was measured", major, minor, patch);
    return;
  }}
  get_threads = (int (*)(void))dlsym(library, "{get_threads}");
  set_threads = (void (*)(int))dlsym(library, "{set_threads}");
  const Multiply found = (Multiply)dlsym(library, "{symbol}");
  if (!found) snprintf(why_not, sizeof why_not, "{name} {text} has no {symbol} here");
  multiply = found;
}}

// Nothing is missing, or what is. Before the first call; one thread at a time. The library stays loaded.
extern "C" __attribute__((visibility("default"))) const char* perftune_vendor_product_ready() {{
  if (!multiply) find();
  return multiply ? nullptr : why_not;
}}

extern "C" __attribute__((visibility("default"))) void perftune_vendor_product(const Params* p,
                                                                               const PerftunePool* pool) {{
  const int before = get_threads && set_threads ? get_threads() : pool->threads;
  if (before != pool->threads) set_threads(pool->threads);
  for (i64 i = 0; i < p->batch; ++i)
    {call}
  if (before != pool->threads) set_threads(before);
}}
)",
                     fmt::arg("program", program.text()), fmt::arg("name", vendor.name),
                     fmt::arg("text", version_text(version)), fmt::arg("files", quoted_files(vendor)),
                     fmt::arg("symbol", parts.symbol), fmt::arg("multiply", parts.multiply),
                     fmt::arg("get_threads", parts.get_threads), fmt::arg("set_threads", parts.set_threads),
                     fmt::arg("major", version / 10000), fmt::arg("minor", version / 100 % 100),
                     fmt::arg("patch", version % 100), fmt::arg("version", parts.version), fmt::arg("call", parts.call),
                     fmt::arg("transpose_a", program.at("transpose_a")), fmt::arg("transpose_b", program.at("transpose_b")));
}

}  // namespace perftune
