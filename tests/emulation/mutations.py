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
    "no barrier before a split counts itself in": (SUMS, "global_store(slot(sums, split, v, lane), gather(sum, v));\n    }\n    Meet::sync();",
                                                   "global_store(slot(sums, split, v, lane), gather(sum, v));\n    }"),
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
    "last split one early": (SUMS, "!= Splits - 1", "!= Splits - 2"),
    "one split left out of the sum": (SUMS, "for (int s = 0; s < Splits; ++s)", "for (int s = 1; s < Splits; ++s)"),
    # tensor cores
    "mma: no barrier in the main loop": (MMA, "cp_async_wait<Tiles::stages - 2>();\n          sync_block();",
                                         "cp_async_wait<Tiles::stages - 2>();"),
    "mma: no wait in the main loop": (MMA, "          cp_async_wait<Tiles::stages - 2>();", ""),
    "mma: fragments read ahead from the old slot": (MMA, "full = full + 1 == Tiles::stages ? 0 : full + 1;\n          cp_async_wait<Tiles::stages - 2>();\n          sync_block();",
                                                    "cp_async_wait<Tiles::stages - 2>();\n          sync_block();\n          full = full + 2 < Tiles::stages ? full + 2 : 0;"),
    "mma: an instruction's k twice": (MMA, "i + 1 == instructions ? first : first + i + 1", "i + 1 == instructions ? first : first + i"),
    "mma: fragments of the wrong half of the buffer": (MMA, "multiply_all(fragments[i % 2], sum);", "multiply_all(next, sum);"),
    "mma: columns of b exchanged": (MMA, "b[2 + n % 2]", "b[3 - n % 2]"),
    "mma: no sync between storing and reading sums": (MMA, "sync_warp();\n      PT_UNROLL\n      for (int i = 0; i < ceil_div(16", "PT_UNROLL\n      for (int i = 0; i < ceil_div(16"),
    "mma: rows of the epilogue not bounded": (MMA, "c_m < static_cast<i32>(params.m) &&", "true &&"),
    "mma: ldmatrix without its transposition": (FRAGMENTS, "load_matrices<4, true>", "load_matrices<4, false>"),
    "mma: ldmatrix rows 8 apart exchanged": (FRAGMENTS, "lane / 8 % 2 * 8, lane % 8 + lane / 16 * 8", "lane / 16 * 8, lane % 8 + lane / 8 % 2 * 8"),
    "mma: swizzle read by sum instead of xor": (FRAGMENTS, "((tile + base_[0]) ^ static_cast<u32>(i * 32))", "((tile + base_[0]) + static_cast<u32>(i * 32))"),
    "mma: no swizzle": (FRAGMENTS, "return (chunk ^ key) * 16;", "return chunk * 16;"),
    "mma: gathered rows 8 apart from the wrong place": (FRAGMENTS, "words[1] = word(from ^ eight_rows);", "words[1] = word(from);"),
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
        target = {SIMT: "cuda/simt", MMA: "cuda/mma", FRAGMENTS: "cuda/mma"}.get(header, "")
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
