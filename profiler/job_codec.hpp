// Values that travel between the parent and its workers, as JSON.
//
// A worker builds everything again from texts: the operator from its file's text, the source from
// the tile program. Decoding throws std::invalid_argument (or a nlohmann exception) on anything
// that is not what encode wrote: in a worker that costs the job, in the parent it is caught
// (measurer.cpp), since a damaged worker may send anything.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "codegen/tile_program.hpp"
#include "db/outcome.hpp"
#include "executor/device.hpp"
#include "profiler/confirmation.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// What is measured, and how, apart from the candidate.
struct Subject {
  Operator op;
  std::string definition;  // operator file's text that parse_operator_text reads
  Hardware hardware;
  Policy policy;
  std::uint64_t seed = 1;  // of the inputs
};

nlohmann::json encode_subject(const Subject& subject);
// `definition` may hold several operators or points: the one with the same signature is taken.
Subject decode_subject(const nlohmann::json& json);

// Without the binary, which travels as the attachment.
nlohmann::json encode_outcome(const Outcome& outcome);
Outcome decode_outcome(const nlohmann::json& json);

// A kernel that was found right.
struct VerifiedBinary {
  TileProgram program;
  std::string binary;
  std::string digest;  // of the outputs that it computed, to recognise them cheaply; may be empty
};

// Several kernels of one request: their binaries stand one after the other in the attachment.
nlohmann::json encode_kernels(std::span<const VerifiedBinary> kernels, std::string& attachment);
std::vector<VerifiedBinary> decode_kernels(const nlohmann::json& json,
                                           const std::string& attachment);

// The answer to a request for a confirmation: samples, or the failure of one kernel.
nlohmann::json encode_samples(const InterleavedSamples& samples,
                              const std::optional<Failure>& failure);
// nullopt: `samples` holds times of `kernels` kernels.
std::optional<Failure> decode_samples(const nlohmann::json& json, std::size_t kernels,
                                      InterleavedSamples& samples);

// The answer to a request for a comparison.
nlohmann::json encode_named(const NamedSamples& samples, const std::optional<Failure>& failure);
std::optional<Failure> decode_named(const nlohmann::json& json, NamedSamples& samples);

// One line of text; bytes that are no UTF-8 (a compiler's quotation of a source) are replaced.
std::string dump(const nlohmann::json& json);

}  // namespace perftune
