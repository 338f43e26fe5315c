#include "executor/parameter_block.hpp"

#include "recipes/words.hpp"

namespace perftune {

void ParameterBlock::append(std::uint64_t word) {
  if (words_ % 16 == 0) lines_.emplace_back();
  lines_.back().words[words_++ % 16] = word;
}

std::optional<std::string> ParameterBlock::fill(const Kernel& kernel, const Launch& launch,
                                                std::uint64_t workspace, const Locate& locate,
                                                const Encode& encode) {
  std::size_t scalar = 0;
  std::size_t next_map = 0;
  for (const Argument& argument : kernel.arguments) {
    const auto missing = [&](const char* what) {
      return words("{} for kernel argument '{}'", what, argument.name);
    };
    switch (argument.kind) {
      case Argument::Kind::tensor: {
        const std::uint64_t at = locate(argument.tensor);
        if (at == 0) return missing("no loaded tensor");
        append(at);
        break;
      }
      case Argument::Kind::workspace:
        append(workspace);
        break;
      case Argument::Kind::scalar:
        if (scalar >= launch.scalars.size()) return missing("no value");
        append(static_cast<std::uint64_t>(launch.scalars[scalar++]));
        break;
      case Argument::Kind::tensor_map: {
        if (next_map >= launch.tensor_maps.size()) return missing("no tensor map");
        if (words_ % 16 != 0) return missing("tensor maps come before other arguments;");
        const TensorMap& map = launch.tensor_maps[next_map++];
        const std::uint64_t at = locate(map.tensor);
        if (at == 0) return missing("no loaded tensor");
        MapWords words{};
        if (auto why = encode(map, at, words)) return missing("a tensor map has ") + ": " + *why;
        for (const std::uint64_t word : words) append(word);
        break;
      }
    }
  }
  return std::nullopt;
}

}  // namespace perftune
