#include "codegen/emitter_registry.hpp"

namespace perftune {

const Emitter& EmitterRegistry::add(std::unique_ptr<Emitter> emitter) {
  emitters_.push_back(std::move(emitter));
  return *emitters_.back();
}

const Emitter* EmitterRegistry::find(std::string_view family, std::string_view target) const {
  for (const auto& emitter : emitters_)
    if (emitter->family() == family && emitter->target() == target) return emitter.get();
  return nullptr;
}

}  // namespace perftune
