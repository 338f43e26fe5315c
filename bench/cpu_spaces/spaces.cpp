#include "bench/cpu_spaces/spaces.hpp"

#include <fmt/format.h>

#include <sstream>

#include "bench/cpu_ops/cases.hpp"
#include "db/import.hpp"
#include "recipes/error.hpp"

namespace perftune::bench {

const std::vector<std::string>& space_names() {
  static const std::vector<std::string> names{
      "matmul:m=64,n=64,k=64",
      "matmul:m=128,n=128,k=128",
      "matmul:m=256,n=256,k=256",
      "matmul:m=77,n=1000,k=333",
      "matmul:m=1,n=1024,k=1024",
      "matmul:m=4,n=2048,k=1024",
      "matmul:m=128,n=768,k=768",
      "linear:m=32,n=768,k=768",
      "batched_matmul:b=16,m=128,n=128,k=64",
      "softmax:m=1024,n=1000",
      "softmax:m=1536,n=128",
      "softmax:m=64,n=8192",
      "layer_norm:m=128,n=768",
      "layer_norm:m=1024,n=512",
      "rms_norm:m=256,n=4096",
      "log_softmax:m=256,n=2048",
      "sum_rows:m=512,n=1024",
      "sum_rows:m=4096,n=64",
      "sum_columns:m=512,n=1024",
      "sum_columns:m=4096,n=256",
      "max_rows:m=1024,n=512",
      "sum_all:m=1024,n=1024",
      "global_avg_pool2d:n=8,c=512,h=7,w=7",
      "relu:n=262144",
      "gelu:n=65536",
      "add:n=1048576",
      "bias_add:m=512,n=1024",
      "transpose2d:m=1024,n=1024",
      "transpose2d:m=333,n=777",
      "permute4d:n=8,c=32,h=28,w=28",
      // The search's settings were chosen on those above; these came after and only judge.
      "matmul:m=512,n=512,k=64",
      "matmul:m=16,n=512,k=2048",
      "matmul:m=1000,n=32,k=256",
      "linear:m=1,n=4096,k=512",
      "matvec:m=2048,k=512",
      "batched_matmul:b=64,m=32,n=32,k=128",
      "conv2d:n=1,c=64,h=28,w=28,f=64,r=3,s=3,padding=same",
      "softmax:m=256,n=256",
      "softmax:m=16,n=30000",
      "causal_softmax:b=4,m=128,n=128",
      "layer_norm:m=64,n=4096",
      "rms_norm:m=2048,n=256",
      "cross_entropy:m=512,n=1000",
      "l2_normalize:m=512,n=512",
      "mean_rows:m=2048,n=300",
      "sum_rows:m=64,n=16384",
      "prod_rows:m=300,n=700",
      "sum_columns:m=64,n=4096",
      "dot:n=100000",
      "silu:n=300000",
      "swiglu:n=100000",
      "rope:t=128,h=8,d=64",
      "upsample_nearest2d:n=1,c=32,h=28,w=28",
      "concat:m=512,n1=200,n2=300",
      "transpose2d:m=64,n=8192",
      "permute4d:n=2,c=128,h=14,w=14",
      "split_heads:b=2,t=128,h=8,d=64",
  };
  return names;
}

std::string header() { return "program,screened_us,confirmed_us,repeated_us,operator\n"; }

std::string row(const std::string& name, const TileProgram& program, const RecordedTimes& t) {
  return fmt::format("{},{:.4g},{:.4g},{:.4g},{}\n", program.text(), t.screened_us, t.confirmed_us,
                     t.repeated_us, name);
}

std::vector<CpuSpace> read_spaces(const std::string& path) {
  std::istringstream in(read_maybe_gzip(path));
  std::string line;
  std::getline(in, line);
  std::vector<CpuSpace> spaces;
  for (int number = 2; std::getline(in, line); ++number) {
    std::istringstream cells(line);
    std::string program, screened, confirmed, repeated, name;
    std::getline(cells, program, ',');
    std::getline(cells, screened, ',');
    std::getline(cells, confirmed, ',');
    std::getline(cells, repeated, ',');
    std::getline(cells, name);  // holds commas
    if (name.empty())
      throw Error(ErrorKind::usage, fmt::format("{}:{}:1: a row of too few columns; expected {}", path, number, header()));
    if (spaces.empty() || spaces.back().name != name)
      spaces.push_back({name, operator_of(parse_case(name)), {}, {}});
    spaces.back().programs.push_back(TileProgram::parse(program));
    spaces.back().times.push_back({std::stod(screened), std::stod(confirmed), std::stod(repeated)});
  }
  return spaces;
}

}  // namespace perftune::bench
