// Sample models through the library: file, specialise, rewrite, lower.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <random>

#include "models/model_operators.hpp"
#include "models/onnx_file.hpp"
#include "recipes/error.hpp"
#include "tests/models/sample_models.hpp"

namespace perftune::testing {

class ModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("perftune_models_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name = "sample.onnx") const { return (folder_ / name).string(); }

  Model read(const ModelMaker& maker) const {
    maker.write(path());
    return read_onnx(path());
  }

  LoweredGraph lowered(const ModelMaker& maker, const std::vector<std::string>& dims = {}, const CombinePays& combine = {}) const {
    maker.write(path());
    return load_model(path(), parse_extents(dims), combine);
  }

  // What reading or lowering says, with the exit code; "" when it says nothing.
  template <class F>
  static std::string said(F f, int code = 2) {
    try {
      f();
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), code) << error.what();
      return error.what();
    }
    return "";
  }

  static std::vector<std::string> kernels(const LoweredGraph& graph) {
    std::vector<std::string> names;
    for (const auto& step : graph.steps) names.push_back(step.kernel ? step.kernel->op.name : "reference " + graph.graph.nodes[step.node].node.op);
    return names;
  }

  std::filesystem::path folder_;
};

}  // namespace perftune::testing
