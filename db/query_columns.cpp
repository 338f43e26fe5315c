#include "db/query_columns.hpp"

#include <array>
#include <iterator>

namespace perftune::sqlite {

namespace {

// One name per operator, the first in the alphabet; its dimensions belong to that name.
#define PERFTUNE_OPERATOR_NAME "(SELECT min(n.name) FROM operator_names n WHERE n.operator = o.id)"

constexpr const char* dims_sql =
    "(SELECT group_concat(d.dim || '=' || d.extent, ' ') FROM operator_dims d WHERE d.operator = "
    "o.id AND d.name = " PERFTUNE_OPERATOR_NAME ")";

constexpr ColumnSql table[] = {
    {{"operator", "name of the operator"}, PERFTUNE_OPERATOR_NAME, nullptr},
    {{"dims", "its dimensions"}, dims_sql, nullptr},
    {{"family", "kernel family"}, "o.family", nullptr},
    {{"dtype", "type of the first input"}, "o.dtype", nullptr},
    {{"hardware", "device"}, "h.name", nullptr},
    {{"vendor_name", "the vendor's name of the device"}, "h.vendor_name", nullptr},
    {{"arch", "target architecture"}, "t.arch", nullptr},
    {{"target", "language and instruction class"}, "k.target", nullptr},
    {{"kernel", "kernel id"}, "k.kernel", nullptr},
    {{"program", "tile program"}, "k.program", nullptr},
    {{"status", "what became of it"}, "m.outcome", "coalesce(m.outcome, w.basis)"},
    {{"basis", "measured or predicted"},
     "CASE WHEN m.median_us IS NULL THEN 'predicted' ELSE 'measured' END",
     "w.basis"},
    {{"measured_us", "measured time, us", true}, "m.median_us", "w.measured_us"},
    {{"predicted_us", "predicted time, us", true}, "m.predicted_us", "w.predicted_us"},
    {{"predicted_low_us", "lower end of the prediction, us", true}, "m.predicted_low_us", nullptr},
    {{"predicted_high_us", "upper end of the prediction, us", true},
     "m.predicted_high_us",
     nullptr},
    {{"spread", "interquartile range over median", true}, "m.spread", nullptr},
    {{"samples", "number of samples", true}, "m.sample_count", nullptr},
    {{"limiter", "stage that sets the time"}, "m.limiter", nullptr},
    {{"roofline_us", "least time the hardware allows, us", true}, "m.roofline_us", "w.roofline_us"},
    {{"fraction", "of the roofline reached", true},
     "m.roofline_us / m.median_us",
     "w.roofline_us / w.measured_us"},
    {{"tflops", "achieved TFLOP/s", true},
     "o.flops / m.median_us / 1e6",
     "o.flops / w.measured_us / 1e6"},
    {{"flops", "operations of the operator", true}, "o.flops", nullptr},
    {{"bytes", "compulsory bytes of the operator", true}, "o.compulsory_bytes", nullptr},
    {{"verified_by", "device, emulation or none"}, "m.verified_by", nullptr},
    {{"registers", "per thread", true}, "b.registers", nullptr},
    {{"shared_bytes", "shared memory per block", true}, "b.shared_bytes", nullptr},
    {{"spill_bytes", "spilled per thread", true}, "b.spill_bytes", nullptr},
    {{"ties", "kernels within noise of the winner"}, "NULL", "w.ties"},
    {{"phase", "screening or confirmation"}, "m.phase", nullptr},
    {{"detail", "why it failed"}, "m.detail", nullptr},
    {{"policy", "how the time was taken"}, "q.policy", nullptr},
    {{"compiler", "compiler and version"}, "t.compiler", nullptr},
    {{"flags", "compiler flags"}, "t.flags", nullptr},
    {{"codegen_version", "of the generator"}, "t.codegen_version", nullptr},
    {{"driver", "device driver"}, "p.driver", nullptr},
    {{"host", "machine"}, "p.host", nullptr},
    {{"clock_mhz", "while measuring", true}, "m.clock_mhz", nullptr},
    {{"command", "that took it"}, "r.command", nullptr},
    {{"taken_at", "time, UTC"},
     "strftime('%Y-%m-%dT%H:%M:%SZ', m.taken_at_ms / 1000, 'unixepoch')",
     "strftime('%Y-%m-%dT%H:%M:%SZ', w.decided_at_ms / 1000, 'unixepoch')"},
    {{"signature", "canonical text of the operator"}, "o.signature", nullptr},
};
#undef PERFTUNE_OPERATOR_NAME

struct Join {
  char alias;
  const char* history;
  const char* winners;
};

// In an order in which each needs only earlier ones.
constexpr Join joins[] = {
    {'o', " JOIN operators o ON o.id = m.operator", " JOIN operators o ON o.id = w.operator"},
    {'h', " JOIN hardware h ON h.id = m.hardware", " JOIN hardware h ON h.id = w.hardware"},
    {'q', " JOIN policies q ON q.id = m.policy", " JOIN policies q ON q.id = w.policy"},
    {'b', " JOIN builds b ON b.id = m.build", " JOIN builds b ON b.id = w.build"},
    {'k', " JOIN kernels k ON k.id = b.kernel", nullptr},
    {'t', " JOIN toolchains t ON t.id = b.toolchain", nullptr},
    {'m', "",
     " LEFT JOIN measurements m ON m.id = (SELECT x.id FROM measurements x WHERE x.operator = "
     "w.operator AND x.hardware = w.hardware AND x.build = w.build "
     "ORDER BY x.taken_at_ms DESC LIMIT 1)"},
    {'p', " JOIN provenances p ON p.id = m.provenance",
     " LEFT JOIN provenances p ON p.id = m.provenance"},
    {'r', " JOIN runs r ON r.id = m.run", " JOIN runs r ON r.id = w.run"},
};

// "k." at the start of a word.
bool names(std::string_view text, char alias) {
  const std::string word{alias, '.'};
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    if (at == 0 || std::string_view(" (,/+").find(text[at - 1]) != std::string_view::npos)
      return true;
  }
  return false;
}

}  // namespace

std::span<const ColumnSql> column_table() { return table; }

const ColumnSql* find_column(std::string_view name) {
  for (const ColumnSql& column : table) {
    if (column.column.name == name) return &column;
  }
  return nullptr;
}

std::string joins_for(std::string_view expressions, bool winners) {
  // What a needed join refers to is needed, too: from the last to the first.
  std::string text(expressions);
  std::array<bool, std::size(joins)> needed{};
  for (std::size_t i = std::size(joins); i-- > 0;) {
    needed[i] = names(text, joins[i].alias);
    if (!needed[i]) continue;
    text += winners && joins[i].winners != nullptr ? joins[i].winners : joins[i].history;
  }
  std::string sql;
  for (std::size_t i = 0; i < std::size(joins); ++i) {
    if (needed[i]) {
      sql += winners && joins[i].winners != nullptr ? joins[i].winners : joins[i].history;
    }
  }
  return sql;
}

}  // namespace perftune::sqlite
