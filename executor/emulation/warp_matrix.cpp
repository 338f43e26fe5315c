// mma.sync, ldmatrix and stmatrix: all lanes meet, then the last to arrive does the work of all.
#include <fmt/format.h>

#include <array>
#include <cstring>

#include "executor/emulation/bank_conflicts.hpp"
#include "executor/emulation/grid_run.hpp"
#include "executor/emulation/matrix_unit.hpp"

namespace perftune::emulation {

void GridRun::multiply(MatrixMultiply& lane) {
  if (const char* why = unknown_multiply(lane))
    throw Defect{OutcomeKind::wrong_result, fmt::format("{}; {}", why, here())};
  static constexpr auto combine = [](void* const(&parts)[32]) {
    MatrixMultiply* lanes[32];
    for (unsigned i = 0; i < 32; ++i) lanes[i] = static_cast<MatrixMultiply*>(parts[i]);
    multiply_matrices(lanes);
  };
  warp_collective("mma", combine, &lane);
}

void GridRun::move_matrices(MatrixMove& lane, const void* site) {
  if (lane.count != 1 && lane.count != 2 && lane.count != 4)
    throw Defect{OutcomeKind::wrong_result, "ldmatrix and stmatrix move 1, 2 or 4 matrices"};
  struct Part {
    MatrixMove* move;
    GridRun* run;
    const void* site;
  } part{&lane, this, site};
  static constexpr auto combine = [](void* const(&parts)[32]) {
    MatrixMove* lanes[32];
    for (unsigned i = 0; i < 32; ++i) lanes[i] = static_cast<Part*>(parts[i])->move;
    const Part& last = *static_cast<Part*>(parts[0]);
    last.run->move_matrices_of(lanes, last.site);
  };
  warp_collective(lane.store ? "stmatrix" : "ldmatrix", combine, &part);
}

// Lane i names row i % 8 of matrix i / 8 (PTX ISA 9.7.14.5.15 ldmatrix, 9.7.14.5.16 stmatrix);
// each lane then holds two neighbours of row lane / 4, or of column lane / 4 where transposed.
void GridRun::move_matrices_of(MatrixMove* const (&lanes)[32], const void* site) {
  const MatrixMove& all = *lanes[0];
  const unsigned first = thread_->index - thread_->view.thread % 32;
  SharedMemory& memory = block().shared;
  for (unsigned matrix = 0; matrix < all.count; ++matrix) {
    std::array<std::byte*, 8> rows;
    for (unsigned row = 0; row < 8; ++row) {
      const unsigned lane = matrix * 8 + row;
      if (options_.conflicts != nullptr)
        options_.conflicts->record(cluster_->threads[first + lane].view, site, lanes[lane]->offset,
                                   16);
      rows[row] = all.store ? memory.write(cluster_->clocks, first + lane, lanes[lane]->offset, 16)
                            : memory.read(cluster_->clocks, first + lane, lanes[lane]->offset, 16);
    }
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned& word = lanes[lane]->registers[matrix];
      for (unsigned half = 0; half < 2; ++half) {
        const unsigned across = lane % 4 * 2 + half;
        std::byte* element =
            all.transposed ? rows[across] + lane / 4 * 2 : rows[lane / 4] + across * 2;
        std::uint16_t bits = static_cast<std::uint16_t>(word >> half * 16);
        if (all.store) {
          std::memcpy(element, &bits, 2);
        } else {
          std::memcpy(&bits, element, 2);
          word = (word & ~(0xffffu << half * 16)) | static_cast<unsigned>(bits) << half * 16;
        }
      }
    }
  }
}

}  // namespace perftune::emulation
