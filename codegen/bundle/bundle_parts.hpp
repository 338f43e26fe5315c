// The texts of a bundle, one function per file. Internal to codegen/bundle.
#pragma once

#include <string>

#include "codegen/bundle/bundle.hpp"

namespace perftune {

bool is_cuda(const Bundle& bundle);
bool has_workspace(const Bundle& bundle);
std::string upper(const std::string& name);

// "in_A", "out_C": C parameter names of tensors; a prefix keeps them apart from keywords.
std::string parameter_name(const Operator& op, int tensor);
// "const void* in_A, ..., void* out_C, void* workspace": operator order.
std::string parameter_list(const Bundle& bundle);
// "A f16[256,128]" for comments.
std::string tensor_text(const Tensor& tensor);

std::string c_header_text(const Bundle& bundle, const std::string& name);
// What a CUDA kernel's file ends with: NAME_launch, and NAME_arguments where tensor maps are encoded.
std::string host_launch_text(const Bundle& bundle, const std::string& name);
std::string check_data_text(const Bundle& bundle);
std::string main_text(const Bundle& bundle, const std::string& name);

}  // namespace perftune
