#include "tuner/slices.hpp"

#include "recipes/error.hpp"

namespace perftune {

void Slices::add(std::unique_ptr<Constructor> constructor, std::unique_ptr<KernelModel> model) {
  const Emitter* emitter = emitters_->find(constructor->family(), constructor->target());
  if (emitter == nullptr || model->family() != constructor->family() ||
      model->target() != constructor->target())
    throw Error(ErrorKind::internal, "a slice whose constructor, model and emitter do not match");
  slices_.push_back({emitter, std::move(constructor), std::move(model)});
}

const Slices::Slice* Slices::find(std::string_view family, std::string_view target) const {
  for (const Slice& slice : slices_)
    if (slice.constructor->family() == family && slice.constructor->target() == target)
      return &slice;
  return nullptr;
}

std::vector<const Slices::Slice*> Slices::for_hardware(const Hardware& hardware) const {
  const std::string_view prefix = hardware.kind == Hardware::Kind::cpu ? "cpu/" : "cuda/";
  std::vector<const Slice*> out;
  for (const Slice& slice : slices_)
    if (slice.constructor->target().starts_with(prefix)) out.push_back(&slice);
  return out;
}

}  // namespace perftune
