// What the CUDA contraction emitters have in common: all of the text but struct Tiles and the names of
// the device code, which are a target's. Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "codegen/cuda/contraction_rules.hpp"
#include "codegen/emitter.hpp"

namespace perftune {

class CudaContractionEmitter : public Emitter {
 public:
  std::string_view family() const final { return rules_->family(); }
  std::string_view target() const final { return rules_->target(); }
  Reading read(const Operator& op) const final { return rules_->read(op); }
  Launch bind(const Operator& op, const TileProgram& program, const Hardware& hardware) const final {
    return rules_->bind(op, program, hardware);
  }
  Kernel emit(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const final;
  Operator shrink(const Operator& op, const TileProgram& program) const final;

 protected:
  // What the text calls a target's device code.
  struct DeviceCode {
    const char* header;  // with the kernel's main loop
    const char* kernel;  // class template in it
    const char* entry;
  };
  CudaContractionEmitter(std::unique_ptr<const CudaContractionRules> rules, DeviceCode code)
      : rules_(std::move(rules)), code_(code) {}

 private:
  // The text of struct Tiles.
  virtual std::string tiles_text(const Contraction& form, const ContractionTiles& tiles,
                                 const ContractionPlan& plan) const = 0;
  std::string source(const Contraction& form, const TileProgram& program, const Hardware& hardware,
                     const ContractionPlan& plan) const;

  std::unique_ptr<const CudaContractionRules> rules_;
  DeviceCode code_;
};

}  // namespace perftune
