// SHA-256 against the examples of FIPS 180-4 and its supplement, and against the padding's edges.
#include "db/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

#include "recipes/words.hpp"

namespace perftune {
namespace {

std::string hex(const Sha256::Value& value) {
  std::string text;
  for (const std::uint8_t byte : value) text += hex_byte(byte);
  return text;
}

std::string digest(std::string_view bytes) {
  Sha256 sha;
  sha.add(bytes);
  return hex(sha.finish());
}

TEST(Sha256, PublishedExamples) {
  EXPECT_EQ(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digest(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PartsAddUpAtEveryLengthAroundABlock) {
  for (std::size_t length = 50; length <= 130; ++length) {
    const std::string text(length, 'x');
    Sha256 parts;
    parts.add(std::string_view(text).substr(0, length / 3));
    parts.add(std::string_view(text).substr(length / 3));
    EXPECT_EQ(hex(parts.finish()), digest(text)) << length;
    EXPECT_NE(digest(text), digest(text + "x")) << length;
  }
}

}  // namespace
}  // namespace perftune
