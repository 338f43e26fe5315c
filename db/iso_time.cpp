#include "db/iso_time.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

namespace perftune {

namespace chrono = std::chrono;

std::optional<std::int64_t> parse_iso_time(std::string_view given) {
  const std::string text(given);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
  double second = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%d%*1[ T]%d:%d:%lf%n", &year, &month, &day, &hour, &minute,
                  &second, &used) != 6) {
    return std::nullopt;
  }
  const chrono::year_month_day date{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second >= 61) {
    return std::nullopt;
  }
  int zone_minutes = 0;
  const std::string zone = text.substr(static_cast<std::size_t>(used));
  if (!zone.empty() && zone != "Z") {
    int hours = 0, minutes = 0;
    if (std::sscanf(zone.c_str(), "%*1[+-]%d:%d", &hours, &minutes) != 2) return std::nullopt;
    zone_minutes = (zone.front() == '-' ? -1 : 1) * (60 * hours + minutes);
  }
  const auto days = chrono::sys_days(date).time_since_epoch();
  const std::int64_t minutes =
      chrono::duration_cast<chrono::minutes>(days).count() + 60 * hour + minute - zone_minutes;
  return minutes * 60'000 + static_cast<std::int64_t>(second * 1000 + 0.5);
}

std::string format_iso_time(std::int64_t unix_ms) {
  const chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds(unix_ms)};
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const std::int64_t ms = (time - day).count();
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}+00:00",
                     static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), ms / 3'600'000, ms / 60'000 % 60,
                     ms / 1000 % 60, ms % 1000);
}

}  // namespace perftune
