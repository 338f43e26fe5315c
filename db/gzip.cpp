#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "db/import.hpp"
#include "recipes/error.hpp"

namespace perftune {

std::string read_maybe_gzip(const std::string& path) {
  constexpr std::size_t most_bytes = std::size_t{1} << 30;  // a small file can unpack to anything
  struct Close {
    void operator()(gzFile file) const { gzclose(file); }
  };
  const std::unique_ptr<gzFile_s, Close> file(gzopen(path.c_str(), "rb"));
  if (!file) {
    throw Error(ErrorKind::usage, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  std::string text;
  std::vector<char> buffer(1 << 20);
  // gzread passes on what is not gzipped as it is.
  for (int got = 0;
       (got = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()))) != 0;) {
    if (got < 0) {
      int code = 0;
      throw Error(ErrorKind::usage, fmt::format("{}: {}", path, gzerror(file.get(), &code)));
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes) {
      throw Error(ErrorKind::usage, fmt::format("{}: larger than 1 GiB unpacked", path));
    }
  }
  int code = Z_OK;
  const char* problem = gzerror(file.get(), &code);
  if (code != Z_OK && code != Z_STREAM_END) {
    throw Error(ErrorKind::usage, fmt::format("{}: truncated or damaged ({})", path, problem));
  }
  return text;
}

}  // namespace perftune
