// Reads an ONNX file into a Model. Built with libonnx's protocol buffers where CMake finds them;
// without, read_onnx throws Error{unavailable}.
//
// A file is hostile until shown otherwise: sizes, nesting, external files and the order of nodes are
// checked. Every mistake throws Error{usage}, one line that begins with the file's name. External
// data must lie below the model's own folder.
#pragma once

#include <string>

#include "models/graph.hpp"

namespace perftune {

bool is_onnx_path(const std::string& path);  // by its suffix
bool reads_onnx();                           // this build does
Model read_onnx(const std::string& path);

}  // namespace perftune
