// What `--json` prints: indented by two, ended by a newline. Names from files and stores may hold any
// bytes; those that are no UTF-8 are printed as replacement characters.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace perftune {

template <typename Json>  // nlohmann::json, or ordered_json
std::string json_text(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace perftune
