# The emulator's implementation of the device vocabulary, compiled with each emulated kernel.
target_sources(perftune_codegen PRIVATE
  emulation/headers.cpp)
perftune_embed(perftune_codegen emulation_device_files
  emulation/device/arithmetic.hpp
  emulation/device/hopper.hpp
  emulation/device/hopper_runtime.hpp
  emulation/device/mma.hpp
  emulation/device/ptx.hpp
  emulation/device/runtime.hpp
  emulation/device/wgmma.hpp)
