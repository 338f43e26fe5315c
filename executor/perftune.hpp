// perftune.h with owners and exceptions: what a C++ program uses. Header only; same rules.
//
//     perftune::api::Store store("perftune.db");
//     auto kernel = store.find("ffn", {{"m", 128}, {"n", 768}, {"k", 768}});
//     auto launch = kernel.prepare({&a, &b, &c});
//     launch.run();
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "perftune.h"

namespace perftune::api {

class Failure : public std::runtime_error {
 public:
  explicit Failure(perftune_status status) : std::runtime_error(perftune_message()), status_(status) {}
  perftune_status status() const { return status_; }

 private:
  perftune_status status_;
};

inline void check(perftune_status status) {
  if (status != PERFTUNE_OK) throw Failure(status);
}

// Owns a handle; closed at the end of its life.
template <class Handle, perftune_status (*close)(Handle*)>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle* handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() { close(handle_); }
  Handle* get() const { return handle_; }

 private:
  Handle* handle_ = nullptr;
};

using Tensors = std::vector<const perftune_tensor*>;  // inputs in file order, then outputs

class Launch {
 public:
  explicit Launch(perftune_launch* handle) : handle_(handle) {}
  void run() { check(perftune_launch_run(handle_.get())); }
  perftune_launch* get() const { return handle_.get(); }

 private:
  Owned<perftune_launch, perftune_launch_close> handle_;
};

class Sequence {
 public:
  explicit Sequence(const std::vector<const Launch*>& launches, void* stream = nullptr) {
    std::vector<perftune_launch*> handles;
    for (const Launch* launch : launches) handles.push_back(launch->get());
    perftune_sequence* made = nullptr;
    check(perftune_sequence_make(handles.data(), handles.size(), stream, &made));
    handle_ = Owned<perftune_sequence, perftune_sequence_close>(made);
  }
  void run() { check(perftune_sequence_run(handle_.get())); }

 private:
  Owned<perftune_sequence, perftune_sequence_close> handle_;
};

class Kernel {
 public:
  explicit Kernel(perftune_kernel* handle) : handle_(handle) {}

  perftune_kernel_info info() const {
    perftune_kernel_info info{};
    info.struct_size = sizeof info;
    check(perftune_kernel_describe(handle_.get(), &info));
    return info;
  }
  perftune_tensor_info tensor(std::size_t index) const {
    perftune_tensor_info info{};
    info.struct_size = sizeof info;
    check(perftune_kernel_tensor(handle_.get(), index, &info));
    return info;
  }
  void run(const Tensors& tensors, const perftune_launch_options* options = nullptr) const {
    check(perftune_run(handle_.get(), tensors.data(), tensors.size(), options));
  }
  Launch prepare(const Tensors& tensors, const perftune_launch_options* options = nullptr) const {
    perftune_launch* launch = nullptr;
    check(perftune_prepare(handle_.get(), tensors.data(), tensors.size(), options, &launch));
    return Launch(launch);
  }
  perftune_kernel* get() const { return handle_.get(); }

 private:
  Owned<perftune_kernel, perftune_kernel_close> handle_;
};

class Store {
 public:
  explicit Store(const std::string& path, const perftune_open_options* options = nullptr) {
    perftune_store* opened = nullptr;
    check(perftune_store_open(path.c_str(), options, &opened));
    handle_ = Owned<perftune_store, perftune_store_close>(opened);
  }

  Kernel find(const perftune_query& query) const {
    perftune_kernel* kernel = nullptr;
    check(perftune_find(handle_.get(), &query, &kernel));
    return Kernel(kernel);
  }
  Kernel find(const std::string& name, const std::vector<std::pair<std::string, std::int64_t>>& dims,
              perftune_policy policy = PERFTUNE_ANY) const {
    std::vector<perftune_dim> list;
    for (const auto& [dim, extent] : dims) list.push_back({dim.c_str(), extent});
    perftune_query query{};
    query.struct_size = sizeof query;
    query.name = name.c_str();
    query.dims = list.data();
    query.dim_count = list.size();
    query.policy = policy;
    return find(query);
  }
  // At the shape that the tensors have; inputs are enough where they show every dimension.
  Kernel find(const std::string& name, const Tensors& tensors, perftune_policy policy = PERFTUNE_ANY) const {
    perftune_query query{};
    query.struct_size = sizeof query;
    query.name = name.c_str();
    query.tensors = tensors.data();
    query.tensor_count = tensors.size();
    query.policy = policy;
    return find(query);
  }
  perftune_store* get() const { return handle_.get(); }

 private:
  Owned<perftune_store, perftune_store_close> handle_;
};

}  // namespace perftune::api
