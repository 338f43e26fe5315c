// What every oneDNN call of this bench shares: the CPU engine, and a primitive bound to its memory.
#pragma once

#include <dnnl.hpp>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

namespace perftune::bench {

inline dnnl::engine& onednn_engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

// Runs once per call and waits.
inline std::function<void()> call_of(const dnnl::primitive& primitive, std::unordered_map<int, dnnl::memory> arguments) {
  const auto stream = std::make_shared<dnnl::stream>(onednn_engine());
  return [primitive, arguments = std::move(arguments), stream] {
    primitive.execute(*stream, arguments);
    stream->wait();
  };
}

}  // namespace perftune::bench
