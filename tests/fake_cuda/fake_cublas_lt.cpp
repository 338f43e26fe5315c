// A libcublasLt.so.13 for the fake driver: the products that executor/cublas_lt.cpp asks for, in float64 on
// the host, column-major with leading dimensions, batches, transpositions and epilogues as the manual has
// them. Its heuristic's list is not to be trusted, as the real one's: `device` says how it goes wrong
// (FakeDevice::cublas), and even "ok" lists one algorithm that refuses, one that is wrong, a slow one, and
// one whose state is an error, beside the right and quick one.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <optional>

#include "fake_state.hpp"
#include "recipes/number_format.hpp"

namespace {

using namespace perftune;  // NOLINT

using Status = int;
constexpr Status kOk = 0, kNotInitialized = 1, kInvalid = 7, kExecutionFailed = 13, kNotSupported = 15;

struct Desc {
  int scale_type;
  std::int32_t transpose_a = 0, transpose_b = 0;
  std::uint32_t epilogue = 1;
  const std::byte* bias = nullptr;
};
struct Layout {
  int type;
  std::int64_t rows, columns, leading;
  std::int32_t batch = 1;
  std::int64_t stride = 0;
};
struct Algorithm {
  std::uint64_t data[8];
};
struct Heuristic {
  Algorithm algorithm;
  std::size_t workspace_bytes;
  Status state;
  float waves;
  int reserved[4];
};
enum Behaviour : std::uint64_t { right = 1, refuses, wrong, slow };

std::string config() { return fake::read_device(fake::folder()).cublas; }

DType type_of(int cuda_type) {
  switch (cuda_type) {
    case 1: return DType::f64;
    case 2: return DType::f16;
    case 3: return DType::i8;
    case 10: return DType::i32;
    case 14: return DType::bf16;
    case 28: return DType::f8e4m3;
    case 29: return DType::f8e5m2;
    default: return DType::f32;
  }
}

double scalar(int type, const void* at) {
  return decode(type_of(type), static_cast<const std::byte*>(at));
}

struct Matrix {
  const Layout& layout;
  std::byte* at;
  DType type = type_of(layout.type);
  std::size_t size = size_bytes(type);

  std::byte* element(std::int64_t batch, std::int64_t row, std::int64_t column) const {
    return at + static_cast<std::size_t>(batch * layout.stride + column * layout.leading + row) * size;
  }
  bool fits() const {
    std::byte* const last = element(layout.batch - 1, layout.rows - 1, layout.columns - 1);
    return fake::inside(reinterpret_cast<cuda::Pointer>(at), static_cast<std::size_t>(last - at) + size);
  }
};

double activated(double x, std::uint32_t epilogue) {
  if ((epilogue & 2) != 0) return std::max(x, 0.0);
  if ((epilogue & 32) != 0) return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  return x;
}

bool multiply(const Desc& desc, double alpha, double beta, const Matrix& a, const Matrix& b, const Matrix& d, double error) {
  if (!a.fits() || !b.fits() || !d.fits()) return false;
  const std::int64_t depth = desc.transpose_a != 0 ? a.layout.rows : a.layout.columns;
  for (std::int64_t batch = 0; batch < d.layout.batch; ++batch) {
    for (std::int64_t column = 0; column < d.layout.columns; ++column) {
      for (std::int64_t row = 0; row < d.layout.rows; ++row) {
        double sum = 0;
        for (std::int64_t k = 0; k < depth; ++k)
          sum += decode(a.type, desc.transpose_a != 0 ? a.element(batch, k, row) : a.element(batch, row, k)) *
                 decode(b.type, desc.transpose_b != 0 ? b.element(batch, column, k) : b.element(batch, k, column));
        sum *= alpha;
        if (beta != 0) sum += beta * decode(d.type, d.element(batch, row, column));
        if ((desc.epilogue & 4) != 0) sum += decode(d.type, desc.bias + static_cast<std::size_t>(row) * d.size);
        encode(d.type, activated(sum, desc.epilogue) + error, d.element(batch, row, column));
      }
    }
  }
  return true;
}

template <typename T>
Status take(T& into, const void* value, std::size_t bytes) {
  if (bytes != sizeof into) return kInvalid;
  std::memcpy(&into, value, bytes);
  return kOk;
}

}  // namespace

EXPORT std::size_t cublasLtGetVersion() { return config() == "old" ? 100200 : 130100; }
EXPORT Status cublasLtCreate(void** handle) {
  *handle = &fake::state();
  return config() == "refused" ? kNotInitialized : kOk;
}
EXPORT Status cublasLtDestroy(void*) { return kOk; }
EXPORT Status cublasLtMatmulDescCreate(Desc** desc, int, int scale_type) {
  *desc = new Desc{scale_type};
  return kOk;
}
EXPORT Status cublasLtMatmulDescDestroy(Desc* desc) {
  delete desc;
  return kOk;
}
EXPORT Status cublasLtMatmulDescSetAttribute(Desc* desc, int attribute, const void* value, std::size_t bytes) {
  switch (attribute) {
    case 3: return take(desc->transpose_a, value, bytes);
    case 4: return take(desc->transpose_b, value, bytes);
    case 7: return take(desc->epilogue, value, bytes);
    case 8: return take(desc->bias, value, bytes);
    default: return kInvalid;
  }
}
EXPORT Status cublasLtMatrixLayoutCreate(Layout** layout, int type, std::uint64_t rows, std::uint64_t columns,
                                         std::int64_t leading) {
  if (leading < static_cast<std::int64_t>(rows)) return kInvalid;
  *layout = new Layout{type, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), leading};
  return kOk;
}
EXPORT Status cublasLtMatrixLayoutDestroy(Layout* layout) {
  delete layout;
  return kOk;
}
EXPORT Status cublasLtMatrixLayoutSetAttribute(Layout* layout, int attribute, const void* value, std::size_t bytes) {
  if (attribute == 5) return take(layout->batch, value, bytes);
  if (attribute == 6) return take(layout->stride, value, bytes);
  return kInvalid;
}
EXPORT Status cublasLtMatmulPreferenceCreate(void** preference) {
  *preference = new std::size_t(0);
  return kOk;
}
EXPORT Status cublasLtMatmulPreferenceDestroy(void* preference) {
  delete static_cast<std::size_t*>(preference);
  return kOk;
}
EXPORT Status cublasLtMatmulPreferenceSetAttribute(void* preference, int attribute, const void* value, std::size_t bytes) {
  return attribute == 1 ? take(*static_cast<std::size_t*>(preference), value, bytes) : kInvalid;
}
EXPORT Status cublasLtMatmulAlgoGetHeuristic(void*, Desc* desc, Layout* a, Layout* b, Layout* c, Layout* d, void* preference,
                                             int wanted, Heuristic* found, int* count) {
  *count = 0;
  const auto rows = [](const Layout& l, int turned) { return turned != 0 ? l.columns : l.rows; };
  const auto columns = [](const Layout& l, int turned) { return turned != 0 ? l.rows : l.columns; };
  if (c != d || rows(*a, desc->transpose_a) != d->rows || columns(*b, desc->transpose_b) != d->columns ||
      columns(*a, desc->transpose_a) != rows(*b, desc->transpose_b) || a->batch != d->batch || b->batch != d->batch)
    return kInvalid;
  const std::string how = config();
  if (how == "none") return kNotSupported;
  std::vector<Behaviour> list{refuses, wrong, slow, right};
  if (how == "wrong") list = {wrong, wrong};
  if (how == "unwilling") list = {refuses};
  if (how == "slow") list = {slow};
  for (const Behaviour one : list) {
    if (*count == wanted) break;
    Heuristic& entry = found[(*count)++];
    entry = {};
    entry.algorithm.data[0] = one;
    entry.workspace_bytes = std::min<std::size_t>(*static_cast<std::size_t*>(preference), 4096);
  }
  if (*count < wanted) found[(*count)++].state = kNotSupported;
  return kOk;
}
EXPORT Status cublasLtMatmul(void*, Desc* desc, const void* alpha, const void* a, Layout* a_layout, const void* b,
                             Layout* b_layout, const void* beta, const void* c, Layout*, void* d, Layout* d_layout,
                             const Algorithm* algorithm, void* workspace, std::size_t bytes, void*) {
  const auto how = static_cast<Behaviour>(algorithm->data[0]);
  if (how == refuses) return kNotSupported;
  if (c != d || (bytes > 0 && !fake::inside(reinterpret_cast<cuda::Pointer>(workspace), bytes))) return kInvalid;
  const auto data = [](const void* at) { return static_cast<std::byte*>(const_cast<void*>(at)); };
  const Matrix ma{*a_layout, data(a)}, mb{*b_layout, data(b)}, md{*d_layout, data(d)};
  const std::string behaviour = config();
  const bool faults = behaviour == "faults";
  std::optional<std::chrono::microseconds> told;
  if (how == slow) told = std::chrono::seconds(10);
  else if (behaviour == "quick") told = std::chrono::microseconds(1);
  const auto work = [&] {
    return !faults && multiply(*desc, scalar(desc->scale_type, alpha), scalar(desc->scale_type, beta), ma, mb, md, how == wrong ? 1 : 0);
  };
  return fake::run_vendor(work, told) == fake::kSuccess ? kOk : kExecutionFailed;
}
