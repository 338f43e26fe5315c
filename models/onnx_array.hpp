// TensorProto: where an array's bytes may hide in an ONNX file (raw, typed fields, another file).
#pragma once

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <optional>
#include <string>

#include "models/array.hpp"

namespace perftune {

std::optional<Element> element_of(std::int32_t onnx_type);  // TensorProto::DataType

// nullopt with the reason in `wrong`. External files are looked up below `folder` only.
std::optional<Array> array_of(const onnx::TensorProto& proto, const std::filesystem::path& folder, std::string& wrong);

}  // namespace perftune
