// Operators with parameters: what recipes/library is written in.
//
//   parameters:
//     dtype:    {default: f32}                      any type; "$dtype[m,k]" becomes "f16[m,k]"
//     stride:   {default: 1}                        a positive integer, also usable in formulas
//     layout.A: {default: row, values: {row: {a: "m,k"}, col: {a: "k,m"}}}
//                                                   "$a" becomes the text of the chosen value
//   epilogue: {bias: "$dtype[n]", at: n}            what `epilogue: [bias]` adds, and where
//
// `values` may also be a list of words; its key `integer` stands for any integer from 0 on.
// A default may name other parameters. Pure functions; failures are Error{usage}.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/strict_yaml.hpp"

namespace perftune {

struct ExpandedTemplate {
  YamlNode root;                                  // an operator without parameters
  std::map<std::string, std::int64_t> constants;  // integer parameters
};

// The first words of the parameters' names: the keys that a user may write ("layout" of
// "layout.A").
std::vector<std::string_view> parameter_keys(const YamlNode& root);

// `chosen` is the user's file, or null for the defaults. Its epilogue, accumulate and parameters
// are applied; everything else in it is ignored here.
ExpandedTemplate expand_template(const YamlNode& root, const YamlNode* chosen);

}  // namespace perftune
