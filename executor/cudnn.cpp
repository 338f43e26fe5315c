#include "executor/cudnn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

// cudnn_graph.h, cudnn_ops.h, cudnn_cnn.h
constexpr int kFloat = 0, kDouble = 1, kHalf = 2, kBfloat16 = 9;       // cudnnDataType_t
constexpr int kFilterChannelsFirst = 0, kFilterChannelsLast = 1;       // cudnnTensorFormat_t
constexpr int kCrossCorrelation = 1;                                   // cudnnConvolutionMode_t
constexpr int kDefaultMath = 0, kTensorOpMath = 1, kFmaMath = 3;       // cudnnMathType_t
constexpr int kSoftmaxAccurate = 1, kSoftmaxLog = 2, kPerInstance = 0; // cudnnSoftmaxAlgorithm_t, cudnnSoftmaxMode_t
constexpr int kRelu = 1, kIdentity = 5;                                // cudnnActivationMode_t
constexpr int kPrecomputedGemm = 1;                                    // cudnnConvolutionFwdAlgo_t
constexpr int kWanted = 8;                                             // as many as there are
constexpr std::size_t kOldest = 8000;
constexpr std::size_t kMostWorkspace = std::size_t{1} << 30;

int data_type(DType type) {
  switch (type) {
    case DType::f32:
    case DType::tf32: return kFloat;
    case DType::f64: return kDouble;
    case DType::f16: return kHalf;
    case DType::bf16: return kBfloat16;
    default: throw Error(ErrorKind::unavailable, fmt::format("cuDNN: no type for {}", name(type)));
  }
}

std::vector<int> narrow(const std::vector<std::int64_t>& values) {
  std::vector<int> result;
  for (const std::int64_t value : values) {
    if (value > std::numeric_limits<int>::max()) throw Error(ErrorKind::unavailable, "cuDNN: a tensor is too large for it");
    result.push_back(static_cast<int>(value));
  }
  return result;
}

}  // namespace

// An operator is a softmax when the library's has its signature.
std::optional<PlainSoftmax> plain_softmax(const Operator& op) {
  if (op.inputs().size() != 1 || op.outputs().size() != 1) return std::nullopt;
  PlainSoftmax found;
  found.x = op.inputs()[0];
  found.y = op.outputs()[0];
  const Tensor& x = op.tensors[static_cast<std::size_t>(found.x)];
  if (x.shape.size() != 2 || op.tensors[static_cast<std::size_t>(found.y)].type != x.type) return std::nullopt;
  found.rows = x.shape[0];
  found.columns = x.shape[1];
  found.type = x.type;
  const std::string signature = op.signature();
  for (const char* name_of_it : {"softmax", "log_softmax"}) {
    const auto known = parse_operator_text(fmt::format("op: {}\ndims: {{m: {}, n: {}}}\ndtype: {}\n", name_of_it, found.rows,
                                                       found.columns, name(x.type)), "cudnn.cpp");
    found.logarithm = std::string_view(name_of_it) != "softmax";
    if (known[0].op.signature() == signature) return found;
  }
  return std::nullopt;
}

Cudnn::Cudnn(const LibrarySearch& search, CudaDevice& device, const Operator& op)
    : library_("cuDNN", std::vector<std::string>{"libcudnn.so.9", "libcudnn.so.8"}, search),
      device_(device),
      softmax_(plain_softmax(op)) {
  if (!softmax_) {
    std::string why_not;
    const auto convolution = plain_convolution(op, why_not);
    if (!convolution) throw Error(ErrorKind::unavailable, "cuDNN: " + why_not);
    convolution_ = *convolution;
  }
  bind();
  try {
    check(dnn_.create(&handle_), "starting");
    if (softmax_) {
      describe_softmax();
    } else {
      describe_convolution(op);
      choose_algorithms(op.name);
    }
  } catch (...) {
    release();
    throw;
  }
}

Cudnn::~Cudnn() { release(); }

void Cudnn::release() {
  for (Handle one : {x_, y_, bias_})
    if (one != nullptr) dnn_.tensor_destroy(one);
  if (w_ != nullptr) dnn_.filter_destroy(w_);
  if (convolution_desc_ != nullptr) dnn_.convolution_destroy(convolution_desc_);
  if (activation_ != nullptr) dnn_.activation_destroy(activation_);
  if (handle_ != nullptr) dnn_.destroy(handle_);
  if (workspace_ != 0) device_.driver().release(workspace_);
}

void Cudnn::bind() {
  library_.bind_required(dnn_.version, "cudnnGetVersion");
  if (dnn_.version() < kOldest)
    throw Error(ErrorKind::unavailable, fmt::format("cuDNN {} at {} is too old: version 8 is the first that is used",
                                                    dnn_.version(), library_.path()));
  library_.bind_required(dnn_.error_text, "cudnnGetErrorString");
  library_.bind_required(dnn_.create, "cudnnCreate");
  library_.bind_required(dnn_.destroy, "cudnnDestroy");
  library_.bind_required(dnn_.set_stream, "cudnnSetStream");
  library_.bind_required(dnn_.tensor_create, "cudnnCreateTensorDescriptor");
  library_.bind_required(dnn_.tensor_set, "cudnnSetTensorNdDescriptor");
  library_.bind_required(dnn_.tensor_destroy, "cudnnDestroyTensorDescriptor");
  library_.bind_required(dnn_.filter_create, "cudnnCreateFilterDescriptor");
  library_.bind_required(dnn_.filter_set, "cudnnSetFilterNdDescriptor");
  library_.bind_required(dnn_.filter_destroy, "cudnnDestroyFilterDescriptor");
  library_.bind_required(dnn_.convolution_create, "cudnnCreateConvolutionDescriptor");
  library_.bind_required(dnn_.convolution_set, "cudnnSetConvolutionNdDescriptor");
  library_.bind_required(dnn_.convolution_groups, "cudnnSetConvolutionGroupCount");
  library_.bind_required(dnn_.convolution_math, "cudnnSetConvolutionMathType");
  library_.bind_required(dnn_.convolution_destroy, "cudnnDestroyConvolutionDescriptor");
  library_.bind_required(dnn_.choose, "cudnnGetConvolutionForwardAlgorithm_v7");
  library_.bind_required(dnn_.convolve, "cudnnConvolutionForward");
  library_.bind_required(dnn_.softmax, "cudnnSoftmaxForward");
  library_.bind_optional(dnn_.activation_create, "cudnnCreateActivationDescriptor");
  library_.bind_optional(dnn_.activation_set, "cudnnSetActivationDescriptor");
  library_.bind_optional(dnn_.activation_destroy, "cudnnDestroyActivationDescriptor");
  library_.bind_optional(dnn_.convolve_fused, "cudnnConvolutionBiasActivationForward");
}

void Cudnn::check(Status status, const char* doing) const {
  if (status == 0) return;
  throw Error(ErrorKind::unavailable, fmt::format("cuDNN: {}: {} ({}, {})", doing, dnn_.error_text(status), status, library_.path()));
}

Cudnn::Handle Cudnn::tensor(DType type, const std::vector<std::int64_t>& extents, const std::vector<std::int64_t>& strides) {
  Handle made = nullptr;
  check(dnn_.tensor_create(&made), "describing a tensor");
  const std::vector<int> sizes = narrow(extents), steps = narrow(strides);
  const Status status = dnn_.tensor_set(made, data_type(type), static_cast<int>(sizes.size()), sizes.data(), steps.data());
  if (status != 0) dnn_.tensor_destroy(made);
  check(status, "describing a tensor");
  return made;
}

void Cudnn::describe_softmax() {
  const std::int64_t m = softmax_->rows, n = softmax_->columns;
  x_ = tensor(softmax_->type, {m, n, 1, 1}, {n, 1, 1, 1});
  y_ = tensor(softmax_->type, {m, n, 1, 1}, {n, 1, 1, 1});
}

void Cudnn::describe_convolution(const Operator& op) {
  PlainConvolution& c = convolution_;
  const auto type = [&](int at) { return op.tensors[static_cast<std::size_t>(at)].type; };
  // Two window dimensions at least: a line is an image of height 1.
  if (c.windows.size() == 1) {
    PlainConvolution::Window unit;
    unit.in_stride = c.windows[0].in * c.windows[0].in_stride;
    unit.out_stride = c.windows[0].out * c.windows[0].out_stride;
    c.windows.insert(c.windows.begin(), unit);
  }
  std::vector<std::int64_t> x{c.batch, c.channels}, x_strides{c.x_batch_stride, c.x_channel_stride};
  std::vector<std::int64_t> y{c.batch, c.filters}, y_strides{c.y_batch_stride, c.y_filter_stride};
  std::vector<std::int64_t> w{c.filters, c.channels / c.groups}, pads, steps, dilations;
  for (const PlainConvolution::Window& one : c.windows) {
    x.push_back(one.in);
    x_strides.push_back(one.in_stride);
    y.push_back(one.out);
    y_strides.push_back(one.out_stride);
    w.push_back(one.taps);
    pads.push_back(one.pad);
    steps.push_back(one.stride);
    dilations.push_back(one.dilation);
  }
  x_ = tensor(type(c.x), x, x_strides);
  y_ = tensor(type(c.y), y, y_strides);
  check(dnn_.filter_create(&w_), "describing the filters");
  const std::vector<int> w_extents = narrow(w), p = narrow(pads), s = narrow(steps), d = narrow(dilations);
  check(dnn_.filter_set(w_, data_type(type(c.w)), c.channels_last ? kFilterChannelsLast : kFilterChannelsFirst,
                        static_cast<int>(w_extents.size()), w_extents.data()),
        "describing the filters");
  check(dnn_.convolution_create(&convolution_desc_), "describing the convolution");
  check(dnn_.convolution_set(convolution_desc_, static_cast<int>(p.size()), p.data(), s.data(), d.data(), kCrossCorrelation,
                             data_type(c.accumulate)),
        "describing the convolution");
  check(dnn_.convolution_groups(convolution_desc_, static_cast<int>(c.groups)), "describing its groups");
  // Left to itself it computes f32 in tf32.
  const bool exact = type(c.x) == DType::f32 && type(c.w) == DType::f32;
  const bool wide = type(c.x) == DType::f64;
  check(dnn_.convolution_math(convolution_desc_, exact ? kFmaMath : wide ? kDefaultMath : kTensorOpMath), "choosing its arithmetic");
  if (c.bias < 0 && c.activation == Activation::none) return;
  if (c.bias < 0 || c.activation == Activation::gelu)
    throw Error(ErrorKind::unavailable, "cuDNN: it fuses a bias with relu or nothing after it, no more");
  if (dnn_.convolve_fused == nullptr || dnn_.activation_create == nullptr || dnn_.activation_set == nullptr ||
      dnn_.activation_destroy == nullptr)
    throw Error(ErrorKind::unavailable, "cuDNN at " + library_.path() + " has no cudnnConvolutionBiasActivationForward");
  std::vector<std::int64_t> ones(x.size(), 1), bias_strides(x.size(), 1);
  ones[1] = bias_strides[0] = c.filters;
  bias_ = tensor(type(c.bias), ones, bias_strides);
  check(dnn_.activation_create(&activation_), "describing the activation");
  check(dnn_.activation_set(activation_, c.activation == Activation::relu ? kRelu : kIdentity, 0, 0.0),
        "describing the activation");
}

void Cudnn::choose_algorithms(const std::string& operator_name) {
  found_.resize(kWanted);
  int count = 0;
  check(dnn_.choose(handle_, x_, w_, convolution_desc_, y_, kWanted, &count, found_.data()), "choosing algorithms");
  found_.resize(static_cast<std::size_t>(std::clamp(count, 0, kWanted)));
  std::size_t most = 0;
  std::erase_if(found_, [&](const Found& one) {
    // Without an activation the fused call takes one algorithm alone.
    const bool cannot = activation_ != nullptr && convolution_.activation == Activation::none && one.algorithm != kPrecomputedGemm;
    if (one.status != 0 || one.workspace_bytes > kMostWorkspace || cannot) return true;
    most = std::max(most, one.workspace_bytes);
    return false;
  });
  if (most > 0 && device_.driver().allocate(&workspace_, most) != 0) {
    workspace_ = 0;
    std::erase_if(found_, [](const Found& one) { return one.workspace_bytes > 0; });
  }
  if (found_.empty()) throw Error(ErrorKind::unavailable, "cuDNN has no algorithm for " + operator_name);
}

std::string Cudnn::describe(int algorithm) const {
  const std::size_t v = dnn_.version();  // 8907 is 8.9.7, 90100 is 9.1.0
  const std::string version = v < 10000 ? fmt::format("{}.{}.{}", v / 1000, v / 100 % 10, v % 100)
                                        : fmt::format("{}.{}.{}", v / 10000, v / 100 % 100, v % 100);
  if (softmax_) return fmt::format("cuDNN {}, cudnnSoftmaxForward", version);
  const Found& chosen = found_.at(static_cast<std::size_t>(algorithm));
  return fmt::format("cuDNN {}, forward algorithm {} ({} of {}), {} bytes of workspace", version, chosen.algorithm,
                     algorithm + 1, algorithms(), chosen.workspace_bytes);
}

Cudnn::Scalar Cudnn::scalar(double value) const {
  const DType type = softmax_ ? softmax_->type : convolution_.accumulate;
  Scalar result{};
  if (type == DType::f64) result.f64 = value;
  else result.f32 = static_cast<float>(value);
  return result;
}

std::optional<Failure> Cudnn::enqueue(CudaDevice& device, int algorithm, cuda::Stream stream) {
  const Scalar one = scalar(1), zero = scalar(0);
  const auto at = [&](int slot) { return reinterpret_cast<void*>(device.address(slot)); };
  Status status = dnn_.set_stream(handle_, stream);
  if (status == 0 && softmax_) {
    status = dnn_.softmax(handle_, softmax_->logarithm ? kSoftmaxLog : kSoftmaxAccurate, kPerInstance, &one, x_, at(softmax_->x),
                          &zero, y_, at(softmax_->y));
  } else if (status == 0) {
    const PlainConvolution& c = convolution_;
    const Found& chosen = found_.at(static_cast<std::size_t>(algorithm));
    void* const workspace = reinterpret_cast<void*>(workspace_);
    status = dnn_.convolution_math(convolution_desc_, chosen.math_type);
    if (status == 0 && activation_ == nullptr)
      status = dnn_.convolve(handle_, &one, x_, at(c.x), w_, at(c.w), convolution_desc_, chosen.algorithm, workspace,
                             chosen.workspace_bytes, &zero, y_, at(c.y));
    else if (status == 0)
      status = dnn_.convolve_fused(handle_, &one, x_, at(c.x), w_, at(c.w), convolution_desc_, chosen.algorithm, workspace,
                                   chosen.workspace_bytes, &zero, y_, at(c.y), bias_, at(c.bias), activation_, y_, at(c.y));
  }
  if (status == 0) return std::nullopt;
  return Failure{OutcomeKind::launch_failed, fmt::format("cuDNN: {} ({})", dnn_.error_text(status), status)};
}

}  // namespace perftune
