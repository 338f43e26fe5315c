#include "executor/npy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <random>

#include "recipes/number_format.hpp"

namespace perftune {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// A version 1.0 file around a header and a body, unpadded.
std::string file_of(const std::string& header, const std::string& body, char version = 1) {
  std::string file = "\x93NUMPY";
  file += {version, '\0', static_cast<char>(header.size() & 0xff),
           static_cast<char>(header.size() >> 8)};
  if (version > 1) file += {'\0', '\0'};
  return file + header + body;
}

std::string message(const std::string& file) {
  try {
    parse_npy(bytes_of(file), "a.npy");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "accepted";
}

Tensor tensor(DType type, std::vector<std::int64_t> shape) {
  Tensor t;
  t.name = "A";
  t.type = type;
  t.shape = std::move(shape);
  return t;
}

std::vector<double> numbers(DType type, const std::vector<std::byte>& data) {
  std::vector<double> values(data.size() / size_bytes(type));
  decode(type, data, values);
  return values;
}

// A file by the format's description, holding np.array([[1,2,3],[4,5,6]], '<f4').
std::string numpy_file() {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  header.append(117 - header.size(), ' ');
  header += '\n';
  const float values[] = {1, 2, 3, 4, 5, 6};
  return file_of(header, std::string(reinterpret_cast<const char*>(values), sizeof values));
}

TEST(Npy, ReadsWhatNumpyWrites) {
  const NpyArray array = parse_npy(bytes_of(numpy_file()), "a.npy");
  EXPECT_EQ(array.descr, "<f4");
  EXPECT_THAT(array.shape, ElementsAre(2, 3));
  EXPECT_THAT(numbers(DType::f32, array.data), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Npy, WritesWhatNumpyWrites) {
  const NpyArray array = parse_npy(bytes_of(numpy_file()), "a.npy");
  EXPECT_EQ(format_npy(DType::f32, array.shape, array.data), numpy_file());
}

TEST(Npy, RoundTripsEveryTypeAndRank) {
  const std::vector<std::vector<std::int64_t>> shapes{{}, {4}, {2, 2}, {1, 2, 2, 1}};
  for (const DType type :
       {DType::f64, DType::f32, DType::tf32, DType::f16, DType::bf16, DType::f8e4m3, DType::f8e5m2,
        DType::i32, DType::i8, DType::u8, DType::boolean}) {
    for (const auto& shape : shapes) {
      const Tensor t = tensor(type, shape);
      std::vector<std::byte> data(static_cast<std::size_t>(t.bytes()));
      encode(type, std::vector<double>(data.size() / size_bytes(type), 1.0), data);
      const std::string file = format_npy(type, shape, data);
      EXPECT_EQ((file.size() - data.size()) % 64, 0U);
      EXPECT_EQ(tensor_bytes(parse_npy(bytes_of(file), "a.npy"), t, "a.npy"), data) << name(type);
    }
  }
}

TEST(Npy, FilesRoundTrip) {
  const auto path = std::filesystem::path(testing::TempDir()) / "perftune_npy_test.npy";
  const NpyArray array = parse_npy(bytes_of(numpy_file()), "a.npy");
  write_npy(path.string(), DType::f32, array.shape, array.data);
  EXPECT_EQ(read_npy(path.string()).data, array.data);
  std::filesystem::remove(path);
  EXPECT_THROW(read_npy(path.string()), Error);
  EXPECT_THROW(read_npy(testing::TempDir()), Error);
}

TEST(Npy, VersionsTwoAndThree) {
  const std::string header = "{'descr': '|i1', 'fortran_order': False, 'shape': (3,)}\n";
  for (const char version : {'\2', '\3'}) {
    EXPECT_THAT(parse_npy(bytes_of(file_of(header, "abc", version)), "a.npy").shape,
                ElementsAre(3));
  }
}

TEST(Npy, FortranOrderBecomesRowMajor) {
  const std::string header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}\n";
  const NpyArray array =
      parse_npy(bytes_of(file_of(header, std::string("\1\4\2\5\3\6", 6))), "a.npy");
  EXPECT_THAT(numbers(DType::u8, array.data), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Npy, BrainFloatsComeAsBitsOrAsVoid) {
  for (const char* descr : {"<u2", "<V2", "|V2"}) {
    const std::string header =
        std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (1,)}\n";
    NpyArray array = parse_npy(bytes_of(file_of(header, "\x80\x3f")), "a.npy");
    const auto data = tensor_bytes(std::move(array), tensor(DType::bf16, {1}), "a.npy");
    EXPECT_THAT(numbers(DType::bf16, data), ElementsAre(1));
  }
}

TEST(Npy, WrongTypeAndShapeSayWhatIsWanted) {
  const auto told = [](const Tensor& wanted) {
    try {
      tensor_bytes(parse_npy(bytes_of(numpy_file()), "a.npy"), wanted, "a.npy");
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(told(tensor(DType::f16, {2, 3})), "a.npy: holds <f4, but A is f16 (<f2)");
  EXPECT_EQ(told(tensor(DType::f32, {3, 2})), "a.npy: has shape [2,3], but A has shape [3,2]");
}

TEST(Npy, MalformedFilesAreRefusedInOneLine) {
  const auto with = [](const std::string& header) { return message(file_of(header, "abcd")); };
  EXPECT_EQ(message(""), "a.npy: is not a .npy file");
  EXPECT_EQ(message("PK\x03\x04 and so on, a zip"), "a.npy: is not a .npy file");
  EXPECT_THAT(message(file_of("{}", "", 4)), HasSubstr("has .npy version 4"));
  EXPECT_THAT(message(std::string("\x93NUMPY\x01\x00\xff\x00{", 11)), HasSubstr("ends within"));
  EXPECT_THAT(message(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12)),
              HasSubstr("more than 10000"));
  EXPECT_THAT(message(std::string("\x93NUMPY\x02\x00\x10\x00", 10)), HasSubstr("ends within"));
  EXPECT_THAT(with("{}"), HasSubstr("lacks one of descr"));
  EXPECT_THAT(with("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x"),
              HasSubstr("goes on after"));
  EXPECT_THAT(with("{'descr': '<f4', 'descr': '<f4'"), HasSubstr("'descr' twice"));
  EXPECT_THAT(with("{'descr': '<f4', 'evil': 1}"), HasSubstr("unknown key 'evil'"));
  EXPECT_THAT(with("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("structured"));
  EXPECT_THAT(with("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}"),
              HasSubstr("neither True nor False"));
  EXPECT_THAT(with("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"),
              HasSubstr("no number in range"));
  EXPECT_THAT(with("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
              HasSubstr("no number in range"));
  EXPECT_THAT(with("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,4294967296)}"),
              HasSubstr("more than can be addressed"));
  EXPECT_THAT(with("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}"),
              HasSubstr("holds 4 bytes of data where shape [1000000000000] of <f4 takes"));
  EXPECT_THAT(with("{'descr': '<f4', 'fortran_order': False, 'shape': ()"), HasSubstr("lacks"));
  EXPECT_THAT(with("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("big-endian (>f4)"));
  EXPECT_THAT(with("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("'|O', which are not numbers"));
  EXPECT_THAT(with("{'descr': '<f2', 'fortran_order': False, 'shape': (1,)}"),
              HasSubstr("holds 4 bytes of data where shape [1] of <f2 takes 2"));
  std::string many = "{'descr': '|u1', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < 33; ++i) many += "1,";
  EXPECT_THAT(with(many + ")}"), HasSubstr("more than 32 dimensions"));
}

// No input may do anything but be read or be refused.
TEST(Npy, RandomDamageIsAcceptedOrRefused) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 20'000; ++trial) {
    std::string file = numpy_file();
    for (int change = 0; change < 3; ++change) {
      file[random() % 70] = static_cast<char>(random());
    }
    if (random() % 4 == 0) file.resize(random() % file.size());
    const std::string told = message(file);
    for (const char c : told) ASSERT_TRUE(c >= ' ' && c <= '~') << "a message is one line of text";
  }
}

}  // namespace
}  // namespace perftune
