// A model's summary (tuner/model_store.hpp) as tables for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace perftune {

// Rows, hash, errors; with `details` calibration and features by importance too.
std::string model_text(const nlohmann::json& summary, bool details);
std::string quality_text(const nlohmann::json& quality);

}  // namespace perftune
