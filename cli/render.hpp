// Values as text and JSON, shared by the commands. Field names of the JSON documents are part of
// the command contract: add, never rename.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"
#include "tuner/rank.hpp"
#include "tuner/tune_result.hpp"

namespace CLI {
class App;
}

namespace perftune {

// --json and --format json, which mean the same everywhere.
void add_json_option(CLI::App& command, bool& json);

// "bert_ffn_up {k=1024, m=4096, n=4096} on NVIDIA A100...: 34.4 GFLOP, 50 MiB, 650 FLOP/byte"
std::string operator_heading(const Operator& op, const Hardware& hardware);
std::string dims_text(const Dims& dims);

nlohmann::json result_json(const TuneResult& result);
nlohmann::json explanation_json(const Operator& op, const Hardware& hardware,
                                const Ranked& candidate);
nlohmann::json hardware_json(const Hardware& hardware);

// The table of `tune` for people.
std::string result_text(const TuneResult& result);

}  // namespace perftune
