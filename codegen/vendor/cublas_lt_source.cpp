// The text of a matrix product by cuBLASLt. As product_source.cpp: the C library, no C++ runtime, no CUDA header.
#include <fmt/format.h>

#include "codegen/vendor/cublas_lt_emitter.hpp"
#include "codegen/vendor/cublas_lt_types.hpp"

namespace perftune {
namespace {

constexpr const char* kText = R"(// {program}
// C[b,m,n] = sum_k A[b,m,k] * B[b,k,n] by cublasLtMatmul of cuBLASLt {version}, looked for where this runs.
#include <dlfcn.h>
#include <stdio.h>

typedef long i64;
typedef int Status;  // 0: success
typedef void* Handle;

struct Params {{
  void *A, *B, *C, {bias_member}*workspace;
  i64 batch, m, n, k, leading_a, leading_b, leading_c, stride_a, stride_b, stride_c;
}};

constexpr bool transpose_a = {transpose_a}, transpose_b = {transpose_b};
static const unsigned long algorithm[8] = {{{algorithm}}};  // of the heuristic, as it was measured
static const {scalar} one = 1, zero = 0;

static unsigned long (*get_version)(void);
static Status (*create)(Handle*);
static Status (*desc_create)(Handle*, int compute, int scale);
static Status (*desc_destroy)(Handle);
static Status (*desc_set)(Handle, int attribute, const void*, unsigned long);
static Status (*layout_create)(Handle*, int type, unsigned long rows, unsigned long columns, i64 leading);
static Status (*layout_destroy)(Handle);
static Status (*layout_set)(Handle, int attribute, const void*, unsigned long);
static Status (*matmul)(Handle, Handle desc, const void* alpha, const void* a, Handle, const void* b, Handle,
                        const void* beta, const void* c, Handle, void* d, Handle, const void* algorithm,
                        void* workspace, unsigned long bytes, void* stream);
static Handle handle;
static char why_not[160];

template <class Function>
static bool bind(void* library, Function& function, const char* name) {{
  function = (Function)dlsym(library, name);
  if (!function) snprintf(why_not, sizeof why_not, "cuBLASLt {version} has no %s here", name);
  return function;
}}

static void find() {{
  const char* const files[] = {{{files}}};
  void* library = nullptr;
  for (const char* file : files)
    if ((library = dlopen(file, RTLD_NOW | RTLD_LOCAL)) != nullptr) break;
  if (!library) {{
    snprintf(why_not, sizeof why_not, "cuBLASLt {version} is not here");
    return;
  }}
  if (!bind(library, get_version, "cublasLtGetVersion")) return;
  if (get_version() != {number}) {{
    const unsigned long v = get_version();
    snprintf(why_not, sizeof why_not, "cuBLASLt is %lu.%lu.%lu here, {version} is what was measured", v / 10000,
             v / 100 % 100, v % 100);
    return;
  }}
  if (!bind(library, create, "cublasLtCreate") || !bind(library, desc_create, "cublasLtMatmulDescCreate") ||
      !bind(library, desc_destroy, "cublasLtMatmulDescDestroy") ||
      !bind(library, desc_set, "cublasLtMatmulDescSetAttribute") ||
      !bind(library, layout_create, "cublasLtMatrixLayoutCreate") ||
      !bind(library, layout_destroy, "cublasLtMatrixLayoutDestroy") ||
      !bind(library, layout_set, "cublasLtMatrixLayoutSetAttribute") || !bind(library, matmul, "cublasLtMatmul"))
    return;
  if (const Status status = create(&handle)) {{
    handle = nullptr;
    snprintf(why_not, sizeof why_not, "cuBLASLt does not start: status %d", status);
  }}
}}

// Nothing is missing, or what is. With the context current, before the first call; one thread at a time. The
// library stays loaded.
extern "C" __attribute__((visibility("default"))) const char* perftune_cublas_lt_ready() {{
  if (!handle) find();
  return handle ? nullptr : why_not;
}}

static Status layout(Handle* made, int type, i64 rows, i64 columns, i64 leading, i64 batch, i64 stride) {{
  Status status = layout_create(made, type, rows, columns, leading);
  if (status || batch == 1) return status;
  const int count = (int)batch;
  status = layout_set(*made, {batch_count}, &count, sizeof count);
  return status ? status : layout_set(*made, {batch_stride}, &stride, sizeof stride);
}}

// It thinks in columns: C's transpose is B's times A's, and a row-major matrix is its transpose in columns.
static Status describe(const Params* p, Handle& desc, Handle& a, Handle& b, Handle& c) {{
  const int of_b = transpose_b, of_a = transpose_a;
  Status status = desc_create(&desc, {compute}, {type_sum});
  if (!status) status = desc_set(desc, {set_transpose_a}, &of_b, sizeof of_b);
  if (!status) status = desc_set(desc, {set_transpose_b}, &of_a, sizeof of_a);
{epilogue}  if (!status)
    status = layout(&b, {type_b}, transpose_b ? p->k : p->n, transpose_b ? p->n : p->k, p->leading_b, p->batch, p->stride_b);
  if (!status)
    status = layout(&a, {type_a}, transpose_a ? p->m : p->k, transpose_a ? p->k : p->m, p->leading_a, p->batch, p->stride_a);
  if (!status) status = layout(&c, {type_c}, p->n, p->m, p->leading_c, p->batch, p->stride_c);
  return status;
}}

extern "C" __attribute__((visibility("default"))) int perftune_cublas_lt(const Params* p, void* stream) {{
  Handle desc = nullptr, a = nullptr, b = nullptr, c = nullptr;
  Status status = describe(p, desc, a, b, c);
  if (!status)
    status = matmul(handle, desc, &one, p->B, b, p->A, a, &zero, p->C, c, p->C, c, algorithm, p->workspace,
                    {workspace}, stream);
  if (a) layout_destroy(a);
  if (b) layout_destroy(b);
  if (c) layout_destroy(c);
  if (desc) desc_destroy(desc);
  return status;
}}
)";

std::string epilogue_text(const PlainProduct& product) {
  std::string text;
  if (product.bias >= 0)
    text += fmt::format("  void* const bias = p->bias;\n  if (!status) status = desc_set(desc, {}, &bias, sizeof bias);\n",
                        cublas_lt::kBiasPointer);
  if (const std::uint32_t epilogue = cublas_lt::epilogue(product); epilogue != 0)
    text += fmt::format("  const unsigned epilogue = {};\n  if (!status) status = desc_set(desc, {}, &epilogue, sizeof epilogue);\n",
                        epilogue, cublas_lt::kEpilogue);
  return text;
}

}  // namespace

std::string cublas_lt_source(const PlainProduct& product, const TileProgram& program) {
  std::string algorithm;
  for (int i = 0; i < 8; ++i)
    algorithm += fmt::format("{}0x{:x}", i == 0 ? "" : ", ",
                             static_cast<std::uint64_t>(program.get("algorithm_" + std::to_string(i), 0)));
  const VendorTarget& vendor = *find_vendor("vendor/cublaslt");
  const std::int64_t version = program.at("version");
  const auto type = [](DType of) { return cublas_lt::data_type(of).value(); };
  return fmt::format(
      fmt::runtime(kText), fmt::arg("program", program.text()), fmt::arg("version", version_text(version)),
      fmt::arg("number", version), fmt::arg("files", quoted_files(vendor)), fmt::arg("algorithm", algorithm),
      fmt::arg("bias_member", product.bias >= 0 ? "*bias, " : ""),
      fmt::arg("scalar", product.accumulate == DType::i32 ? "int" : product.accumulate == DType::f64 ? "double" : "float"),
      fmt::arg("transpose_a", program.at("transpose_a")), fmt::arg("transpose_b", program.at("transpose_b")),
      fmt::arg("compute", cublas_lt::compute_type(product)), fmt::arg("type_sum", type(product.accumulate)),
      fmt::arg("type_a", type(product.a.type)), fmt::arg("type_b", type(product.b.type)),
      fmt::arg("type_c", type(product.c.type)), fmt::arg("set_transpose_a", cublas_lt::kTransposeA),
      fmt::arg("set_transpose_b", cublas_lt::kTransposeB), fmt::arg("batch_count", cublas_lt::kBatchCount),
      fmt::arg("batch_stride", cublas_lt::kBatchStride), fmt::arg("epilogue", epilogue_text(product)),
      fmt::arg("workspace", program.at("workspace")));
}

}  // namespace perftune
