// The vertical slices this build knows: per (family, target) an emitter, a constructor, a model.
// Filled once by cli/wire.cpp; read-only and thread-safe afterwards.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "codegen/emitter_registry.hpp"
#include "costmodel/prediction.hpp"
#include "recipes/hardware.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

class Slices {
 public:
  struct Slice {
    const Emitter* emitter = nullptr;
    std::unique_ptr<Constructor> constructor;
    std::unique_ptr<KernelModel> model;
  };

  explicit Slices(std::unique_ptr<EmitterRegistry> emitters) : emitters_(std::move(emitters)) {}

  // Constructor and model must name the same (family, target), which the registry must hold.
  void add(std::unique_ptr<Constructor> constructor, std::unique_ptr<KernelModel> model);

  const EmitterRegistry& emitters() const { return *emitters_; }
  const std::vector<Slice>& all() const { return slices_; }
  // nullptr when no slice has that family and target.
  const Slice* find(std::string_view family, std::string_view target) const;
  // Slices whose target runs on that kind of device.
  std::vector<const Slice*> for_hardware(const Hardware& hardware) const;

 private:
  std::unique_ptr<EmitterRegistry> emitters_;
  std::vector<Slice> slices_;
};

}  // namespace perftune
