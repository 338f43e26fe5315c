// Points in time as other tools write them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perftune {

// "2023-02-13 19:27:48.129080+00:00", also with T and Z; without a zone UTC is meant. Unix time in
// milliseconds; nullopt when `text` is no such date.
std::optional<std::int64_t> parse_iso_time(std::string_view text);

// "2023-02-13 19:27:48.129+00:00"
std::string format_iso_time(std::int64_t unix_ms);

}  // namespace perftune
