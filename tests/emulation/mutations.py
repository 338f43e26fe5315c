"""Plants defects in copies of the device headers; the emulator must find every one of them.

Usage: mutations.py MUTANTS_EXECUTABLE CUDA_HEADER_FOLDER [NAME...]
A mutation replaces one text by another in one header. MUTANTS_EXECUTABLE then compiles emitted
kernels against the changed headers, runs them in the emulator and compares them with the oracle:
it has to report a defect, not a compile error. First the unchanged headers must pass. A text
that no longer occurs is an error too, so the list follows the headers.
With NAMEs, only those mutations run.
"""
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile

SIMT, TILE, SUMS = "contraction_simt.cuh", "shared_tile.cuh", "partial_sums.cuh"
EPILOGUE, INDEXING, WORK = "contraction_epilogue.cuh", "indexing.cuh", "block_work.cuh"
MMA, FRAGMENTS = "contraction_mma.cuh", "fragments.cuh"
WGMMA, TENSOR_TILE, SCHEDULE = "contraction_wgmma.cuh", "tensor_tile.cuh", "tile_schedule.cuh"
WAY_OUT = "warpgroup_epilogue.cuh"

# name: (header, text, replacement)
MUTATIONS = {
    # barriers and waits
    "no barrier in the main loop": (SIMT, "cp_async_wait<Tiles::stages - 2>();\n      sync_block();",
                                    "cp_async_wait<Tiles::stages - 2>();"),
    "no wait in the main loop": (SIMT, "cp_async_wait<Tiles::stages - 2>();", ""),
    "wait for one stage too few": (SIMT, "cp_async_wait<Tiles::stages - 2>", "cp_async_wait<Tiles::stages - 1>"),
    "no commit in the main loop": (SIMT, "load_b.fetch(free_b, next_k, work.end_k);\n      cp_async_commit();",
                                   "load_b.fetch(free_b, next_k, work.end_k);"),
    "copies still under way at the end": (SIMT, "cp_async_wait<0>();\n", ""),
    "no barrier before shared memory is used again": (SIMT, "sync_block();  // shared memory is free", "//"),
    "no barrier between writing and adding slices": (SUMS, "shared_store(to + (v * Threads + lane) * sizeof(Vector), gather(sum, v));\n      }\n      sync_block();",
                                                     "shared_store(to + (v * Threads + lane) * sizeof(Vector), gather(sum, v));\n      }"),
    "no barrier before a split counts itself in": (SUMS, "global_store(slot(sums, slot_of(part), v, lane), gather(sum, v));\n    }\n    Meet::sync();",
                                                   "global_store(slot(sums, slot_of(part), v, lane), gather(sum, v));\n    }"),
    # the pipeline's slots
    "the slot to fill is the one being read": (SIMT, "int full = 0, free = Tiles::stages - 1;", "int full = 0, free = 0;"),
    "slots wrap one late": (SIMT, "full = full + 1 == Tiles::stages ? 0", "full = full == Tiles::stages ? 0"),
    "one tile too few before the loop": (SIMT, "s < Tiles::stages - 1; ++s", "s < Tiles::stages - 2; ++s"),
    "registers stored to the slot being read": (SIMT, "load_b.store(free_b);",
                                                "load_b.store(static_cast<u32>(first_b + full * LayoutB::bytes));"),
    # predicates
    "rows one too many": (TILE, "static_cast<u32>(row < Operand::rows(params))", "static_cast<u32>(row <= Operand::rows(params))"),
    "rows not bounded": (TILE, "static_cast<u32>(row < Operand::rows(params))", "static_cast<u32>(true)"),
    "k tail one too many": (TILE, "static_cast<u32>(k < end_k)", "static_cast<u32>(k <= end_k)"),
    "stores not bounded in n": (SIMT, " && n < static_cast<i32>(params.n)", ""),
    "stores not bounded in m": (SIMT, "m < static_cast<i32>(params.m) && ", ""),
    "epilogue reads not bounded": (EPILOGUE, "from + v), valid)", "from + v), true)"),
    # addresses
    "swizzle added instead of xor-ed": (SIMT, "((tile + base[b]) ^ ", "((tile + base[b]) + "),
    "no swizzle": (TILE, "(chunk ^ ((chunk / line) & (keys - 1)))", "chunk"),
    "a wrong line of the tile": (TILE, "row_offset(row) + static_cast<u32>(k * Rows * ElementBytes)",
                                 "row_offset(row) + static_cast<u32>(k * (Rows - 4) * ElementBytes)"),
    "tile order past the last band": (INDEXING, "smaller(Raster, tiles_m - first_m)", "Raster"),
    # split and sliced k
    "every split sums to the end": (WORK, "work.end_k = smaller(work.end_k, work.first_k + static_cast<i32>(params.split_depth));", ""),
    "all splits start at 0": (WORK, "work.first_k = work.split * static_cast<i32>(params.split_depth);", ""),
    "counter not reset": (SUMS, "if (thread == 0) global_store(counter, 0u);", ""),
    "counter reset to 1": (SUMS, "global_store(counter, 0u)", "global_store(counter, 1u)"),
    "last split one early": (SUMS, "static_cast<u32>(parts - 1)", "static_cast<u32>(parts - 2)"),
    "one split left out of the sum": (SUMS, "for (i32 s = 0; s < parts; ++s)", "for (i32 s = 1; s < parts; ++s)"),
    # tensor cores
    "mma: no barrier in the main loop": (MMA, "cp_async_wait<Tiles::stages - 2>();\n          sync_block();",
                                         "cp_async_wait<Tiles::stages - 2>();"),
    "mma: no wait in the main loop": (MMA, "          cp_async_wait<Tiles::stages - 2>();", ""),
    "mma: fragments read ahead from the old slot": (MMA, "full = full + 1 == Tiles::stages ? 0 : full + 1;\n          cp_async_wait<Tiles::stages - 2>();\n          sync_block();",
                                                    "cp_async_wait<Tiles::stages - 2>();\n          sync_block();\n          full = full + 2 < Tiles::stages ? full + 2 : 0;"),
    "mma: an instruction's k twice": (MMA, "i + 1 == instructions ? first : first + i + 1", "i + 1 == instructions ? first : first + i"),
    "mma: fragments of the wrong half of the buffer": (MMA, "multiply_all(fragments[i % 2], sum);", "multiply_all(next, sum);"),
    "mma: columns of b exchanged": (MMA, "b[2 + n % 2]", "b[3 - n % 2]"),
    "mma: no sync between storing and reading sums": (MMA, "stage(rows_at, lane, &sum[m * 8 * groups_n]);\n      sync_warp();", "stage(rows_at, lane, &sum[m * 8 * groups_n]);"),
    "mma: rows of the epilogue not bounded": (MMA, "c_m < static_cast<i32>(params.m) &&", "true &&"),
    "mma: ldmatrix without its transposition": (FRAGMENTS, "load_matrices<4, true>(words[group],", "load_matrices<4, false>(words[group],"),
    "mma: a stream's next tile over sums being read": (MMA, "sync_block();  // the next tile's copies", "//"),
    "mma: a stream's tile stored without its other parts": (MMA, "if (work.parts > 1 &&", "if (false && work.parts > 1 &&"),
    "mma: pairs of bytes not transposed": (FRAGMENTS, "load_matrices<4, true>(pairs,", "load_matrices<4, false>(pairs,"),
    "mma: k of byte pairs in another order": (FRAGMENTS, "lane / 8 % 2 * 2 + lane % 8 / 2 * 4 + lane % 2", "lane / 8 % 2 * 8 + lane % 8"),
    "mma: rows of a pair exchanged": (FRAGMENTS, "pairs[2 * half + 1], 0x6420)", "pairs[2 * half + 1], 0x7531)"),
    "mma: rows of pairs left where the fragment has them": (MMA, "const int row = lane / 4 * (ReaderA::paired_rows ? 2 : 1);", "const int row = lane / 4;"),
    "mma: columns of pairs in the fragment's order": (MMA, "Vec<Sum, 4>{s[0], s[4], s[1], s[5]}", "Vec<Sum, 4>{s[0], s[1], s[4], s[5]}"),
    "mma: ldmatrix rows 8 apart exchanged": (FRAGMENTS, "lane / 8 % 2 * 8, lane % 8 + lane / 16 * 8", "lane / 16 * 8, lane % 8 + lane / 8 % 2 * 8"),
    "mma: swizzle read by sum instead of xor": (FRAGMENTS, "((tile + base_[0]) ^ static_cast<u32>(i * 32))", "((tile + base_[0]) + static_cast<u32>(i * 32))"),
    "mma: no swizzle": (FRAGMENTS, "return (chunk ^ key) * 16;", "return chunk * 16;"),
    "mma: gathered rows 8 apart from the wrong place": (FRAGMENTS, "words[1] = shared_load<u32>(from ^ eight_rows);", "words[1] = shared_load<u32>(from);"),
    # Hopper: mbarriers
    "wgmma: products before their operands came": (WGMMA, "mbarrier_wait(stage.full_barrier(), stage.parity);", ""),
    "wgmma: the wrong phase of a full stage": (WGMMA, "mbarrier_wait(stage.full_barrier(), stage.parity)", "mbarrier_wait(stage.full_barrier(), stage.parity ^ 1)"),
    "wgmma: stages filled before they are free": (WGMMA, "mbarrier_wait(stage.empty_barrier(), stage.parity ^ 1);", ""),
    "wgmma: the wrong phase of an empty stage": (WGMMA, "stage.parity ^ 1);", "stage.parity);"),
    "wgmma: no bytes expected": (WGMMA, "mbarrier_arrive_expect(stage.full_barrier(), expected_bytes)", "mbarrier_arrive(stage.full_barrier())"),
    "wgmma: bytes of one operand expected": (WGMMA, "expected_bytes = TileA::bytes + TileB::bytes", "expected_bytes = TileA::bytes"),
    "wgmma: one warp too few lets a stage go": (WGMMA, "consumer_warps * readers)", "consumer_warps * readers - 1)"),
    "wgmma: neighbours in the cluster are not waited for": (WGMMA, "consumer_warps * readers)", "consumer_warps)"),
    "wgmma: the last stage of a tile is not let go": (WGMMA, "wgmma_wait<0>(sum[g]);\n    release(schedule, last);", "wgmma_wait<0>(sum[g]);"),
    "wgmma: a stage let go while it is read": (WGMMA, "wgmma_wait<1>();\n      if (!first)", "if (!first)"),
    "wgmma: the parity never turns": (WGMMA, "parity ^= static_cast<u32>(index == 0);", ""),
    "wgmma: the ring is one stage too long": (WGMMA, "index + 1 == Tiles::stages ? 0", "index == Tiles::stages ? 0"),
    "wgmma: mbarriers not made known to TMA": (WGMMA, "    fence_mbarrier_init();\n", ""),
    "wgmma: no sync after the mbarriers' init": (WGMMA, "    else\n      sync_block();", ""),
    "wgmma: blocks of a cluster do not wait for each other": (WGMMA, "sync_warp();\n      sync_cluster();", "sync_warp();"),
    # Hopper: products
    "wgmma: no fence before the products": (WGMMA, "wgmma_fence();", ""),
    "wgmma: sums used before they are there": (WGMMA, "wgmma_wait<0>();\n    PT_UNROLL\n    for (int g = 0; g < groups; ++g) wgmma_wait<0>(sum[g]);", ""),
    "wgmma: products not committed": (WGMMA, "wgmma_commit();", ""),
    "wgmma: the last tile's sums added": (WGMMA, "!(first && i == 0)", "true"),
    "wgmma: each step's sums dropped": (WGMMA, "!(first && i == 0)", "i != 0"),
    "wgmma: the second product of the first one's rows": (WGMMA, "first_row + 64 * g, i)", "first_row, i)"),
    "wgmma: both warpgroups take the same rows": (WGMMA, "static_cast<i32>(warp) / 4 * (64 * groups)", "0"),
    "wgmma: descriptor with half the stride": (TENSOR_TILE, "16, 8 * span, swizzle", "16, 4 * span, swizzle"),
    "wgmma: descriptor of a neighbouring panel": (TENSOR_TILE, "tile + at, panel_bytes, 8 * span, swizzle", "tile + at, 8 * span, 8 * span, swizzle"),
    "wgmma: descriptor with another swizzle": (TENSOR_TILE, "span == 128  ? Swizzle::bytes_128", "span == 128  ? Swizzle::bytes_64"),
    "wgmma: k advances by half an instruction": (TENSOR_TILE, "i * 32 % span + row", "i * 16 % span + row"),
    "wgmma: k across lines advances by half an instruction": (TENSOR_TILE, "i * (32 / element_bytes) * span", "i * (16 / element_bytes) * span"),
    # Hopper: tensor copies
    "wgmma: every panel from the same place": (TENSOR_TILE, "const i32 across = p * (span / element_bytes);", "const i32 across = 0;"),
    "wgmma: every panel to the same place": (TENSOR_TILE, "p * panel_bytes + line * span", "line * span"),
    "wgmma: parts of a tile to the same place": (TENSOR_TILE, "p * panel_bytes + line * span", "p * panel_bytes"),
    "wgmma: parts by the wrong rank": (WGMMA, "schedule.rank_n(), stage.tile_a()", "schedule.rank_m(), stage.tile_a()"),
    "wgmma: multicast to the wrong row": (WGMMA, "<< (schedule.rank_m() * Tiles::cluster_n)", "<< (schedule.rank_n() * Tiles::cluster_n)"),
    # Hopper: schedule and way out
    "wgmma: blocks take each other's tiles": (SCHEDULE, "unit_ += clusters_;", "unit_ += 1;"),
    "wgmma: the last unit left out": (SCHEDULE, "return unit_ >= whole_ &&", "return unit_ + 1 >= whole_ &&"),
    "wgmma: a stream's stretch begins one step late": (SCHEDULE, "at_ = stretch(cluster_);", "at_ = stretch(cluster_) + 1;"),
    "wgmma: a stream's parts all begin with the tile": (SCHEDULE, "work.first_k = (at_ - begin) * Tiles::block_k;", "work.first_k = 0;"),
    "wgmma: a stream's parts counted one short": (SCHEDULE, "work.parts = last - work.first_owner + 1;", "work.parts = last - work.first_owner;"),
    "wgmma: sums staged over those being stored": (WAY_OUT, "      sync_warp();\n      stage(", "      stage("),
    "wgmma: sums stored before they are staged": (WAY_OUT, "stage(staging, sum, at);\n      sync_warp();", "stage(staging, sum, at);"),
    "wgmma: a turned tile not turned back": (WAY_OUT, "store(params, batch, first_column + at, first_row, staging);", "store(params, batch, first_row, first_column + at, staging);"),
    "wgmma: a buffer filled while TMA reads it": (WAY_OUT, "if (lane == 0) tma_store_wait_read<1>();", ""),
    "wgmma: an odd box's buffer filled while TMA reads it": (WAY_OUT, "N / columns % 2 == 1 && lane", "false && lane"),
    "wgmma: a store of what TMA does not see yet": (WAY_OUT, "      fence_async_proxy();\n", ""),
    "wgmma: a store before the warp has filled its buffer": (WAY_OUT, "fence_async_proxy();\n      sync_warp();", "fence_async_proxy();"),
    "wgmma: stores under way when the block ends": (WAY_OUT, "if (lane_index() == 0) tma_store_wait_read<0>();", ""),
    "wgmma: promoted sums that forget the earlier ones": (WGMMA, "sum[i / (N / 2)][i % (N / 2)] += part", "sum[i / (N / 2)][i % (N / 2)] = part"),
    "wgmma: promoted products counted from the first step again": (WGMMA, "add_products(schedule, k, end, first_row, stage, part);", "add_products(schedule, work.first_k, end, first_row, stage, part);"),
    "wgmma: a store's buffer not permuted": (WAY_OUT, "(buffer + row * span + pair * element_bytes) ^ key", "buffer + row * span + pair * element_bytes"),
    "wgmma: rows of the output not bounded": (WAY_OUT, "m < static_cast<i32>(params.m) && n < static_cast<i32>(params.n);\n      Vec<Sum, width>", "n < static_cast<i32>(params.n);\n      Vec<Sum, width>"),
    "wgmma: a split's warps do not meet": (WGMMA, "static PT_DEVICE void sync() { sync_barrier<1, consumer_warps * 32>(); }", "static PT_DEVICE void sync() { sync_warp(); }"),
    "every slice takes the same part of k": (SIMT, "const int first = slice * slice_depth;", "const int first = 0;"),
}


def run(executable, folder, target=""):
    done = subprocess.run([executable, folder, target], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout.strip() or done.stderr.strip()


def mutate(executable, headers, name):
    """Empty when the defect was found, else what went wrong; and what the emulator said."""
    header, text, replacement = MUTATIONS[name]
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "headers"
        copy.mkdir()
        for path in headers.glob("*.cuh"):
            shutil.copy(path, copy)
        source = (copy / header).read_text()
        if source.count(text) != 1:
            return f"its text occurs {source.count(text)} times in {header}", ""
        (copy / header).write_text(source.replace(text, replacement))
        # Only the cases of its target can see a defect in a target's own header.
        target = {SIMT: "cuda/simt", MMA: "cuda/mma", FRAGMENTS: "cuda/mma",
                  **dict.fromkeys((WGMMA, TENSOR_TILE, WAY_OUT), "cuda/wgmma")}.get(header, "")
        code, said = run(executable, str(copy), target)
    problems = {0: "NOT CAUGHT: every kernel passed", 1: ""}
    return problems.get(code, f"no verdict (exit code {code}): {said[-1500:]}"), said


def main():
    executable, headers = sys.argv[1], pathlib.Path(sys.argv[2])
    names = sys.argv[3:] or list(MUTATIONS)
    code, said = run(executable, str(headers))
    if code != 0:
        print(f"the unchanged headers fail: {said}")
        return 1
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, (problem, said) in zip(names, pool.map(lambda n: mutate(executable, headers, n), names)):
            failures += bool(problem)
            print(f"{'FAILED ' if problem else 'caught '} {name}: {problem or said[:240]}", flush=True)
    print(f"{len(names) - failures} of {len(names)} defects caught")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
