#include "codegen/cuda/row_arguments.hpp"

#include <bit>

#include "codegen/cuda/divisor.hpp"
#include "codegen/row_names.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

char letter(Group g) { return g == Group::m ? 'm' : 'k'; }

const std::vector<std::int64_t>& coefficients(const Access& access, std::size_t bound, Group g) {
  return access.bounds[bound].coefficient[static_cast<std::size_t>(g)];
}

class Collector {
 public:
  Collector(const RowForm& form, const CudaRowTiles& tiles) : form_(form), tiles_(tiles), lane_(lane_group(tiles)) {}

  ArgumentList run() {
    tensors();
    list_.scalar("rows", form_.row_count());
    list_.scalar("columns", form_.column_count());
    start();
    decode(Group::k);
    for (int pass = 0; pass < form_.passes(); ++pass) this->pass(pass);
    for (std::size_t i = 0; i < form_.outputs.size(); ++i)
      if (!form_.outputs[i].by_columns) write(i, true);
    if (tiles_.split > 1) {
      list_.workspace();
      list_.scalar("part_columns", part_columns(form_, tiles_));
      list_.scalar("partials", partials_offset(form_, tiles_));
    }
    return std::move(list_);
  }

 private:
  static std::string read_name(std::size_t i) { return words("x{}", i); }
  static std::string load_name(const std::string& read, std::size_t l) { return words("{}_i{}", read, l); }
  static std::string bound_name(const std::string& name, std::size_t b) { return words("{}_b{}", name, b); }
  static std::string output_name(std::size_t i) { return words("y{}", i); }
  const std::vector<GroupAxis>& axes(Group g) const { return g == Group::m ? form_.rows() : form_.columns(); }
  bool one_lane(bool at_start) const { return at_start && lane_ == Group::k; }

  void tensors() {
    for (std::size_t i = 0; i < form_.reads.size(); ++i) {
      const RowAccess& read = form_.reads[i];
      list_.tensor(read_name(i), read.at.type, false, read.at.tensor);
      for (std::size_t l = 0; l < read.loads.size(); ++l)
        list_.tensor(load_name(read_name(i), l), read.loads[l].at.type, false, read.loads[l].at.tensor);
    }
    for (std::size_t i = 0; i < form_.outputs.size(); ++i)
      list_.tensor(output_name(i), form_.outputs[i].at.type, true, form_.outputs[i].at.tensor);
  }

  // How a flat number is taken apart into a group's coordinates.
  void decode(Group g) {
    for (std::size_t i = axes(g).size() - 1; i > 0; --i) {
      const std::string name = words("{}{}", letter(g), i);
      list_.scalar(name, axes(g)[i].extent);
      if (tiles_.index_bits != 64) list_.scalar(name + "_divisor", pack_divisor(axes(g)[i].extent));
    }
  }

  void term(const Access& access, const std::string& name, Group g) {
    for (std::size_t i = 0; i < access.forms(g).size(); ++i)
      if (access.forms(g)[i] == StrideForm::run_time)
        list_.scalar(words("{}_{}{}", name, letter(g), i), access.strides(g)[i]);
  }

  void bound_term(const Access& access, std::size_t b, const std::string& name, Group g) {
    for (std::size_t i = 0; i < coefficients(access, b, g).size(); ++i)
      if (coefficients(access, b, g)[i] != 0)
        list_.scalar(words("{}_{}{}", bound_name(name, b), letter(g), i), coefficients(access, b, g)[i]);
  }

  void lane_term(const Access& access, const std::string& name) {
    if (access.forms(lane_).back() == StrideForm::run_time)
      list_.scalar(words("{}_{}{}", name, letter(lane_), axes(lane_).size() - 1), access.strides(lane_).back());
  }

  void row_part(const Access& access, const std::string& name) {
    term(access, name, Group::m);
    list_.scalar(name + "_base", access.base);
    for (std::size_t b = 0; b < access.bounds.size(); ++b) {
      bound_term(access, b, name, Group::m);
      list_.scalar(bound_name(name, b) + "_offset", access.bounds[b].offset);
    }
  }

  void load(const RowAccess& read, const std::string& name, std::size_t l, bool with_lane) {
    const Access& from = read.loads[l].at;
    const std::string index = load_name(name, l);
    term(from, index, Group::k);
    term(from, index, Group::m);
    list_.scalar(index + "_base", from.base);
    if (with_lane) lane_term(from, index);
    list_.scalar(index + "_times", read.loads[l].stride);
  }

  void read(std::size_t i, bool at_start) {
    const RowAccess& read = form_.reads[i];
    const std::string name = read_name(i);
    if (!at_start) term(read.at, name, Group::k);
    for (std::size_t l = 0; l < read.loads.size(); ++l)
      if (!load_of_row(read.loads[l], lane_))
        load(read, name, l, !one_lane(at_start) && moves_with_lanes(read.loads[l].at, lane_));
    if (!one_lane(at_start)) lane_term(read.at, name);
    for (std::size_t b = 0; b < read.at.bounds.size(); ++b) {
      if (!at_start) bound_term(read.at, b, name, Group::k);
      const std::int64_t along = coefficients(read.at, b, lane_).back();
      if (!one_lane(at_start) && along != 0)
        list_.scalar(words("{}_{}{}", bound_name(name, b), letter(lane_), axes(lane_).size() - 1), along);
      list_.scalar(bound_name(name, b) + "_extent", read.at.bounds[b].extent);
    }
  }

  void write(std::size_t i, bool at_row) {
    const Access& access = form_.outputs[i].at;
    if (!at_row) term(access, output_name(i), Group::k);
    if (!one_lane(at_row) && !vectorised(access, lane_)) lane_term(access, output_name(i));
  }

  void start() {
    decode(Group::m);
    for (std::size_t i = 0; i < form_.reads.size(); ++i) {
      row_part(form_.reads[i].at, read_name(i));
      for (std::size_t l = 0; l < form_.reads[i].loads.size(); ++l)
        if (load_of_row(form_.reads[i].loads[l], lane_)) load(form_.reads[i], read_name(i), l, false);
    }
    for (std::size_t i = 0; i < form_.outputs.size(); ++i) row_part(form_.outputs[i].at, output_name(i));
    for (const RowLeaf& leaf : row_start_leaves(form_)) {
      const auto i = static_cast<std::size_t>(leaf.index);
      if (leaf.kind == RowLeaf::Kind::constant)
        list_.scalar(words("constant{}", i), std::bit_cast<std::int64_t>(form_.constants[i]));
      else if (leaf.kind == RowLeaf::Kind::read)
        read(i, true);
    }
  }

  void pass(int number) {
    const std::vector<RowAction> actions = actions_of_pass(form_, number, cuda_row_kept(form_, tiles_).elements);
    for (const RowAction& action : actions)
      if (action.kind == RowAction::Kind::read) read(static_cast<std::size_t>(action.leaf.index), false);
    for (const RowAction& action : actions)
      if (action.kind == RowAction::Kind::store) write(static_cast<std::size_t>(action.index), false);
  }

  const RowForm& form_;
  const CudaRowTiles& tiles_;
  const Group lane_;
  ArgumentList list_;
};

}  // namespace

bool moves_with_lanes(const Access& access, Group lane) { return access.forms(lane).back() != StrideForm::absent; }

std::int64_t row_tile_count(const RowForm& form, const CudaRowTiles& t) {
  return (form.row_count() + t.rows_per_block() - 1) / t.rows_per_block();
}

std::int64_t part_columns(const RowForm& form, const CudaRowTiles& t) {
  const std::int64_t steps = (form.column_count() + t.columns_per_step() - 1) / t.columns_per_step();
  return (steps + t.split - 1) / t.split * t.columns_per_step();
}

std::int64_t partials_offset(const RowForm& form, const CudaRowTiles& t) {
  return (row_tile_count(form, t) * 4 + 15) / 16 * 16;
}

ArgumentList cuda_row_arguments(const RowForm& form, const CudaRowTiles& tiles) { return Collector(form, tiles).run(); }

}  // namespace perftune
