// The text of `struct Params`. Pure.
#pragma once

#include <string>

#include "codegen/argument_list.hpp"

namespace perftune {

// Its members, one per line: tensor maps, pointers, then integers of type `integer` ("pt::i64");
// `workspace`: the type of its pointer.
std::string member_text(const ArgumentList& arguments, const char* integer = "pt::i64", const char* workspace = "pt::u8*");

}  // namespace perftune
