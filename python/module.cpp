// perftune._executor: perftune.h for Python. Tensors come as NumPy arrays or by the DLPack protocol and are
// never copied; launches release the interpreter's lock.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <vector>

#include "executor/perftune.hpp"

namespace py = pybind11;
namespace api = perftune::api;

namespace {

// A tensor of the caller's, kept alive for as long as this.
class Borrowed {
 public:
  explicit Borrowed(const py::object& object) : object_(object) {
    if (py::isinstance<py::array>(object)) from_numpy(py::reinterpret_borrow<py::array>(object));
    else if (py::hasattr(object, "__dlpack__")) from_dlpack(object.attr("__dlpack__")());
    else throw py::type_error("a tensor is a NumPy array, or has __dlpack__");
  }
  const perftune_tensor* tensor() const { return &tensor_; }

 private:
  void from_numpy(const py::array& array) {
    const py::dtype type = array.dtype();
    tensor_.data = const_cast<void*>(array.data());
    tensor_.device.type = PERFTUNE_CPU;
    tensor_.ndim = static_cast<std::int32_t>(array.ndim());
    tensor_.dtype.lanes = 1;
    tensor_.dtype.bits = static_cast<std::uint8_t>(8 * type.itemsize());
    switch (type.kind()) {
      case 'i': tensor_.dtype.code = 0; break;
      case 'u': tensor_.dtype.code = 1; break;
      case 'f': tensor_.dtype.code = 2; break;
      case 'b': tensor_.dtype.code = 6; break;
      default: tensor_.dtype.code = extension_code(py::str(type.attr("name"))); break;
    }
    for (py::ssize_t d = 0; d < array.ndim(); ++d) {
      shape_.push_back(array.shape(d));
      strides_.push_back(type.itemsize() > 0 ? array.strides(d) / type.itemsize() : 0);
    }
    tensor_.shape = shape_.data();
    tensor_.strides = strides_.data();
  }
  // Types of ml_dtypes, which NumPy knows as void or by name only.
  static std::uint8_t extension_code(const std::string& name) {
    if (name == "bfloat16") return 4;
    if (name == "float8_e4m3fn") return 10;
    if (name == "float8_e5m2") return 12;
    throw py::type_error("no tensor type is called " + name);
  }

  // The capsule stays ours and unconsumed: its own destructor frees what it holds.
  void from_dlpack(py::object capsule) {
    void* managed = PyCapsule_GetPointer(capsule.ptr(), "dltensor");
    if (managed == nullptr) throw py::error_already_set();
    tensor_ = *static_cast<const perftune_tensor*>(managed);  // DLManagedTensor begins with its DLTensor
    capsule_ = std::move(capsule);
  }

  py::object object_, capsule_;
  std::vector<std::int64_t> shape_, strides_;
  perftune_tensor tensor_{};
};

class Arguments {
 public:
  explicit Arguments(const std::vector<py::object>& objects) {
    for (const py::object& object : objects) {
      kept_.push_back(std::make_shared<Borrowed>(object));
      pointers_.push_back(kept_.back()->tensor());
    }
  }
  const api::Tensors& pointers() const { return pointers_; }

 private:
  std::vector<std::shared_ptr<Borrowed>> kept_;
  api::Tensors pointers_;
};

perftune_launch_options in_stream(std::uintptr_t stream) {
  perftune_launch_options options{};
  options.struct_size = sizeof options;
  options.stream = reinterpret_cast<void*>(stream);
  return options;
}

// A prepared launch and the tensors that it writes to.
class PyLaunch {
 public:
  PyLaunch(const api::Kernel& kernel, const std::vector<py::object>& tensors, std::uintptr_t stream) : arguments_(tensors) {
    const perftune_launch_options options = in_stream(stream);
    launch_ = std::make_unique<api::Launch>(kernel.prepare(arguments_.pointers(), &options));
  }
  void run() {
    const py::gil_scoped_release released;
    launch_->run();
  }
  const api::Launch& launch() const { return *launch_; }

 private:
  Arguments arguments_;
  std::unique_ptr<api::Launch> launch_;
};

class PySequence {
 public:
  PySequence(std::vector<std::shared_ptr<PyLaunch>> launches, std::uintptr_t stream) : launches_(std::move(launches)) {
    std::vector<const api::Launch*> parts;
    for (const auto& launch : launches_) parts.push_back(&launch->launch());
    sequence_ = std::make_unique<api::Sequence>(parts, reinterpret_cast<void*>(stream));
  }
  void run() {
    const py::gil_scoped_release released;
    sequence_->run();
  }

 private:
  std::vector<std::shared_ptr<PyLaunch>> launches_;
  std::unique_ptr<api::Sequence> sequence_;
};

py::dict describe(const api::Kernel& kernel) {
  static constexpr const char* kHits[] = {"", "exact", "bucket", "nearest", "default", "runner-up"};
  const perftune_kernel_info info = kernel.info();
  py::list inputs, outputs;
  for (std::size_t i = 0; i < info.input_count + info.output_count; ++i) {
    const perftune_tensor_info tensor = kernel.tensor(i);
    py::dict entry;
    entry["name"] = tensor.name;
    entry["dtype"] = tensor.dtype;
    entry["shape"] = py::tuple(py::cast(std::vector<std::int64_t>(tensor.shape, tensor.shape + tensor.ndim)));
    (tensor.is_output != 0 ? outputs : inputs).append(entry);
  }
  py::dict out;
  out["hit"] = kHits[info.hit];
  out["operator"] = info.operator_name;
  out["program"] = info.program;
  out["kernel"] = info.kernel;
  out["signature"] = info.signature;
  out["tuned_on"] = info.tuned_on;
  out["tuned_at"] = info.tuned_at;
  out["basis"] = info.measured != 0 ? "measured" : "predicted";
  out["stored_us"] = info.stored_us;
  out["estimated_us"] = info.estimated_us;
  out["workspace_bytes"] = info.workspace_bytes;
  out["note"] = info.note;
  out["inputs"] = inputs;
  out["outputs"] = outputs;
  return out;
}

std::unique_ptr<api::Store> open(const std::string& path, const std::string& device, int ordinal, int threads,
                                 const std::string& trust) {
  perftune_open_options options{};
  options.struct_size = sizeof options;
  options.device = device == "cuda" ? PERFTUNE_CUDA : PERFTUNE_CPU;
  options.ordinal = ordinal;
  options.threads = threads;
  options.trust = trust == "all" ? PERFTUNE_TRUST_ALL : trust == "none" ? PERFTUNE_TRUST_NONE : PERFTUNE_TRUST_OWN;
  return std::make_unique<api::Store>(path, &options);
}

std::shared_ptr<api::Kernel> find(const api::Store& store, const std::string& name,
                                  const std::vector<std::pair<std::string, std::int64_t>>& dims,
                                  const std::vector<py::object>& tensors, const std::string& dtype, bool exact_only) {
  std::vector<perftune_dim> list;
  for (const auto& [dim, extent] : dims) list.push_back({dim.c_str(), extent});
  const Arguments arguments(tensors);
  perftune_query query{};
  query.struct_size = sizeof query;
  query.name = name.c_str();
  query.dims = list.data();
  query.dim_count = list.size();
  query.tensors = arguments.pointers().data();
  query.tensor_count = arguments.pointers().size();
  query.dtype = dtype.empty() ? nullptr : dtype.c_str();
  query.policy = exact_only ? PERFTUNE_EXACT_ONLY : PERFTUNE_ANY;
  return std::make_shared<api::Kernel>(store.find(query));
}

}  // namespace

PYBIND11_MODULE(_executor, m) {
  m.doc() = "perftune.h for Python; use the package `perftune` instead";
  static py::exception<api::Failure> error(m, "PerftuneError", PyExc_RuntimeError);
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const api::Failure& failure) {
      // .status holds the name, so that a program need not read the message.
      py::object value = py::handle(error.ptr())(failure.what());  // py::exception has a call of its own
      value.attr("status") = perftune_status_name(failure.status());
      PyErr_SetObject(error.ptr(), value.ptr());
    }
  });
  m.def("version", &perftune_version);
  py::class_<api::Store>(m, "Store").def(py::init(&open)).def("find", &find);
  py::class_<api::Kernel, std::shared_ptr<api::Kernel>>(m, "Kernel")
      .def("describe", &describe)
      .def("run", [](const api::Kernel& kernel, const std::vector<py::object>& tensors, std::uintptr_t stream) {
        const Arguments arguments(tensors);
        const perftune_launch_options options = in_stream(stream);
        const py::gil_scoped_release released;
        kernel.run(arguments.pointers(), &options);
      });
  py::class_<PyLaunch, std::shared_ptr<PyLaunch>>(m, "Launch")
      .def(py::init<const api::Kernel&, const std::vector<py::object>&, std::uintptr_t>())
      .def("run", &PyLaunch::run);
  py::class_<PySequence>(m, "Sequence")
      .def(py::init<std::vector<std::shared_ptr<PyLaunch>>, std::uintptr_t>())
      .def("run", &PySequence::run);
}
