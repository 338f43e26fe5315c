// A libcudnn.so.9 for the fake driver: the convolutions and softmaxes that executor/cudnn.cpp asks for, in
// float64 on the host, by the strides and extents of their descriptors. `device` says how it goes wrong
// (FakeDevice::cudnn); "ok" lists an algorithm that refuses, a wrong one and a slow one before the right one.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "executor/cudnn.hpp"
#include "fake_state.hpp"
#include "recipes/number_format.hpp"

namespace {

using namespace perftune;  // NOLINT

using Status = int;
constexpr Status kOk = 0, kNotInitialized = 1001, kBadParam = 2000, kNotSupported = 3000, kFailed = 5000;
constexpr int kRefusing = 4, kWrong = 2, kSlow = 0, kRight = 1;  // cudnnConvolutionFwdAlgo_t

struct Shaped {
  DType type = DType::f32;
  std::vector<int> extents, strides;

  std::int64_t offset(const std::vector<int>& at) const {
    std::int64_t sum = 0;
    for (std::size_t d = 0; d < at.size(); ++d) sum += std::int64_t{at[d]} * strides[d];
    return sum;
  }
  bool fits(const void* data) const {
    std::int64_t last = 0;
    for (std::size_t d = 0; d < extents.size(); ++d) last += std::int64_t{extents[d] - 1} * strides[d];
    return fake::inside(reinterpret_cast<cuda::Pointer>(data), static_cast<std::size_t>(last + 1) * size_bytes(type));
  }
  double get(const void* data, std::int64_t at) const {
    return decode(type, static_cast<const std::byte*>(data) + static_cast<std::size_t>(at) * size_bytes(type));
  }
  void put(void* data, std::int64_t at, double value) const {
    encode(type, value, static_cast<std::byte*>(data) + static_cast<std::size_t>(at) * size_bytes(type));
  }
};
struct Convolution {
  std::vector<int> pads, strides, dilations;
  int groups = 1, math = 0;
  DType compute = DType::f32;
};

std::string config() { return fake::read_device(fake::folder()).cudnn; }

std::optional<std::chrono::microseconds> told_time(bool slow) {
  if (slow) return std::chrono::seconds(10);
  if (config() == "quick") return std::chrono::microseconds(1);
  return std::nullopt;
}

DType type_of(int type) {
  return type == 1 ? DType::f64 : type == 2 ? DType::f16 : type == 9 ? DType::bf16 : DType::f32;
}

bool step(std::vector<int>& at, const std::vector<int>& extents) {
  for (std::size_t d = at.size(); d-- > 0;) {
    if (++at[d] < extents[d]) return true;
    at[d] = 0;
  }
  return false;
}

struct Call {
  const Shaped &x, &w, &y;
  const void *x_data, *w_data;
  void* y_data;
  const Convolution& convolution;
  const void* bias = nullptr;
  bool relu = false;
};

bool convolve(const Call& c, double error) {
  if (!c.x.fits(c.x_data) || !c.w.fits(c.w_data) || !c.y.fits(c.y_data)) return false;
  const int per_group = c.w.extents[1], filters = c.y.extents[1] / c.convolution.groups;
  std::vector<int> out(c.y.extents.size(), 0);
  do {
    double sum = 0;
    std::vector<int> tap(c.w.extents.size() - 1, 0);  // channel of the group, then the window
    const std::vector<int> taps(c.w.extents.begin() + 1, c.w.extents.end());
    do {
      std::vector<int> in{out[0], out[1] / filters * per_group + tap[0]}, weight{out[1]};
      weight.insert(weight.end(), tap.begin(), tap.end());
      bool within = true;
      for (std::size_t d = 0; d < c.convolution.pads.size(); ++d) {
        in.push_back(out[2 + d] * c.convolution.strides[d] + tap[1 + d] * c.convolution.dilations[d] - c.convolution.pads[d]);
        within = within && in.back() >= 0 && in.back() < c.x.extents[2 + d];
      }
      if (within) sum += c.x.get(c.x_data, c.x.offset(in)) * c.w.get(c.w_data, c.w.offset(weight));
    } while (step(tap, taps));
    if (c.bias != nullptr) sum += c.y.get(c.bias, out[1]);
    if (c.relu) sum = std::max(sum, 0.0);
    c.y.put(c.y_data, c.y.offset(out), sum + error);
  } while (step(out, c.y.extents));
  return true;
}

Status run(const Call& call, int algorithm, void* workspace, std::size_t bytes) {
  if (algorithm == kRefusing) return kNotSupported;
  if (bytes > 0 && !fake::inside(reinterpret_cast<cuda::Pointer>(workspace), bytes)) return kBadParam;
  const bool faults = config() == "faults";
  const auto work = [&] {
    return !faults && convolve(call, algorithm == kWrong ? 1 : 0);
  };
  return fake::run_vendor(work, told_time(algorithm == kSlow)) == fake::kSuccess ? kOk : kFailed;
}

template <typename T>
Status make(T** into) {
  *into = new T;
  return kOk;
}
template <typename T>
Status destroy(T* what) {
  delete what;
  return kOk;
}

}  // namespace

EXPORT std::size_t cudnnGetVersion() { return config() == "old" ? 7605 : 90100; }
EXPORT const char* cudnnGetErrorString(Status status) {
  return status == kNotInitialized ? "CUDNN_STATUS_NOT_INITIALIZED"
         : status == kNotSupported ? "CUDNN_STATUS_NOT_SUPPORTED"
         : status == kFailed       ? "CUDNN_STATUS_EXECUTION_FAILED"
         : status == kOk           ? "CUDNN_STATUS_SUCCESS"
                                   : "CUDNN_STATUS_BAD_PARAM";
}
EXPORT Status cudnnCreate(void** handle) {
  *handle = &fake::state();
  return config() == "refused" ? kNotInitialized : kOk;
}
EXPORT Status cudnnDestroy(void*) { return kOk; }
EXPORT Status cudnnSetStream(void*, void*) { return kOk; }
EXPORT Status cudnnCreateTensorDescriptor(Shaped** tensor) { return make(tensor); }
EXPORT Status cudnnDestroyTensorDescriptor(Shaped* tensor) { return destroy(tensor); }
EXPORT Status cudnnSetTensorNdDescriptor(Shaped* tensor, int type, int dims, const int* extents, const int* strides) {
  if (dims < 4 || dims > 8) return kBadParam;
  *tensor = {type_of(type), {extents, extents + dims}, {strides, strides + dims}};
  return kOk;
}
EXPORT Status cudnnCreateFilterDescriptor(Shaped** filter) { return make(filter); }
EXPORT Status cudnnDestroyFilterDescriptor(Shaped* filter) { return destroy(filter); }
// Extents are always filter, channel, window; the format says how they lie.
EXPORT Status cudnnSetFilterNdDescriptor(Shaped* filter, int type, int format, int dims, const int* extents) {
  if (dims < 4 || dims > 8 || format > 1) return kBadParam;
  *filter = {type_of(type), {extents, extents + dims}, std::vector<int>(static_cast<std::size_t>(dims), 1)};
  std::vector<std::size_t> inner_first;
  if (format == 1) inner_first.push_back(1);
  for (std::size_t d = static_cast<std::size_t>(dims) - 1; d >= 2; --d) inner_first.push_back(d);
  if (format == 0) inner_first.push_back(1);
  inner_first.push_back(0);
  int stride = 1;
  for (const std::size_t d : inner_first) {
    filter->strides[d] = stride;
    stride *= extents[d];
  }
  return kOk;
}
EXPORT Status cudnnCreateConvolutionDescriptor(Convolution** convolution) { return make(convolution); }
EXPORT Status cudnnDestroyConvolutionDescriptor(Convolution* convolution) { return destroy(convolution); }
EXPORT Status cudnnSetConvolutionNdDescriptor(Convolution* convolution, int windows, const int* pads, const int* strides,
                                              const int* dilations, int mode, int compute) {
  if (mode != 1 || windows < 2) return kBadParam;
  convolution->pads.assign(pads, pads + windows);
  convolution->strides.assign(strides, strides + windows);
  convolution->dilations.assign(dilations, dilations + windows);
  convolution->compute = type_of(compute);
  return kOk;
}
EXPORT Status cudnnSetConvolutionGroupCount(Convolution* convolution, int groups) {
  convolution->groups = groups;
  return kOk;
}
EXPORT Status cudnnSetConvolutionMathType(Convolution* convolution, int math) {
  convolution->math = math;
  return kOk;
}
EXPORT Status cudnnGetConvolutionForwardAlgorithm_v7(void*, Shaped* x, Shaped* w, Convolution* convolution, Shaped* y, int wanted,
                                                     int* count, Cudnn::Found* found) {
  *count = 0;
  const Convolution& c = *convolution;
  if (x->extents[0] != y->extents[0] || x->extents[1] != w->extents[1] * c.groups || y->extents[1] != w->extents[0] ||
      x->extents.size() != c.pads.size() + 2)
    return kBadParam;
  for (std::size_t d = 0; d < c.pads.size(); ++d) {
    const int window = c.dilations[d] * (w->extents[2 + d] - 1) + 1;
    if ((x->extents[2 + d] + 2 * c.pads[d] - window) / c.strides[d] + 1 != y->extents[2 + d]) return kBadParam;
  }
  const std::string how = config();
  if (how == "none") return kNotSupported;
  std::vector<int> list{kRefusing, kWrong, kSlow, kRight};
  if (how == "wrong") list = {kWrong};
  if (how == "unwilling") list = {kRefusing};
  if (how == "slow") list = {kSlow};
  for (const int algorithm : list) {
    if (*count == wanted) break;
    Cudnn::Found& one = found[(*count)++];
    one = {};
    one.algorithm = algorithm;
    one.workspace_bytes = algorithm == kRight ? 1024 : 0;
    one.math_type = c.math;
  }
  if (*count < wanted) found[(*count)++].status = kNotSupported;
  return kOk;
}
EXPORT Status cudnnConvolutionForward(void*, const void*, Shaped* x, const void* x_data, Shaped* w, const void* w_data,
                                      Convolution* convolution, int algorithm, void* workspace, std::size_t bytes, const void*,
                                      Shaped* y, void* y_data) {
  return run({*x, *w, *y, x_data, w_data, y_data, *convolution}, algorithm, workspace, bytes);
}
EXPORT Status cudnnCreateActivationDescriptor(int** activation) { return make(activation); }
EXPORT Status cudnnDestroyActivationDescriptor(int* activation) { return destroy(activation); }
EXPORT Status cudnnSetActivationDescriptor(int* activation, int mode, int, double) {
  *activation = mode;
  return mode == 1 || mode == 5 ? kOk : kBadParam;
}
EXPORT Status cudnnConvolutionBiasActivationForward(void*, const void*, Shaped* x, const void* x_data, Shaped* w,
                                                    const void* w_data, Convolution* convolution, int algorithm, void* workspace,
                                                    std::size_t bytes, const void*, Shaped*, const void* z, Shaped* bias,
                                                    const void* bias_data, int* activation, Shaped* y, void* y_data) {
  if (z != y_data || bias->extents[1] != y->extents[1]) return kBadParam;
  if (*activation == 5 && algorithm != kRight) return kNotSupported;  // as the manual has it
  return run({*x, *w, *y, x_data, w_data, y_data, *convolution, bias_data, *activation == 1}, algorithm, workspace, bytes);
}
EXPORT Status cudnnSoftmaxForward(void*, int algorithm, int mode, const void*, Shaped* x, const void* x_data, const void*,
                                  Shaped* y, void* y_data) {
  if (mode != 0 || x->extents != y->extents) return kBadParam;
  const std::string how = config();
  const auto work = [&] {
    if (how == "faults" || !x->fits(x_data) || !y->fits(y_data)) return false;
    for (int row = 0; row < x->extents[0]; ++row) {
      double most = -std::numeric_limits<double>::infinity(), sum = 0;
      const auto at = [&](const Shaped& t, int column) { return t.offset({row, column, 0, 0}); };
      for (int i = 0; i < x->extents[1]; ++i) most = std::max(most, x->get(x_data, at(*x, i)));
      for (int i = 0; i < x->extents[1]; ++i) sum += std::exp(x->get(x_data, at(*x, i)) - most);
      for (int i = 0; i < x->extents[1]; ++i) {
        const double logarithm = x->get(x_data, at(*x, i)) - most - std::log(sum);
        y->put(y_data, at(*y, i), (algorithm == 2 ? logarithm : std::exp(logarithm)) + (how == "wrong" ? 1 : 0));
      }
    }
    return true;
  };
  if (how == "unwilling" || how == "none") return kNotSupported;
  return fake::run_vendor(work, told_time(how == "slow")) == fake::kSuccess ? kOk : kFailed;
}
