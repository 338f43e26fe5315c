"""`pip install .` into a fresh environment, then the script of docs/python.md and what it leaves out.

Skipped (77) where there is no venv or no package index. Run alone: ctest --preset dev -R python.package
"""

import os
import pathlib
import re
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["PERFTUNE_BUILD"])
ENVIRONMENT = BUILD / "python-environment"
PYTHON = ENVIRONMENT / "bin" / "python"


def run(*command, **options):
    return subprocess.run([str(c) for c in command], text=True, capture_output=True, **options)


def skip(why):
    print(f"skipped: {why}", file=sys.stderr)
    sys.exit(77)


def setUpModule():
    if not PYTHON.exists() and run(sys.executable, "-m", "venv", ENVIRONMENT).returncode != 0:
        skip("no venv (apt-get install python3-venv)")
    needs = ["scikit-build-core>=0.10", "pybind11>=2.10", "numpy"]
    done = run(PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *needs, timeout=300)
    if done.returncode != 0:
        skip("pip cannot install " + ", ".join(needs) + ": " + done.stderr.strip().splitlines()[-1])
    done = run(PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-build-isolation", "--no-deps",
               "--force-reinstall", f"--config-settings=cmake.define.PERFTUNE_PREBUILT={BUILD}",
               f"--config-settings=build-dir={BUILD}/python-build", SOURCE, timeout=500)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)


class Package(unittest.TestCase):
    def python(self, script, folder=None):
        where = folder or BUILD / "python-test"
        where.mkdir(exist_ok=True)
        # Not from the source folder, where `perftune` would be another package.
        done = run(PYTHON, "-c", script, cwd=where, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_script_of_the_documentation(self):
        (script,) = re.findall(r"```python\n(.*?)```", (SOURCE / "docs" / "python.md").read_text(), re.S)
        lines = self.python(script).strip().splitlines()
        self.assertIn("ffn", lines[0])
        self.assertLess(float(lines[-1]), 1e-4)

    def test_a_librarys_kernel_is_called_and_done_without(self):
        self.python("""
import numpy, pathlib, perftune, sqlite3
pathlib.Path("vendor.db").unlink(missing_ok=True)  # of an earlier run, whose kernels were altered
product = {"name": "product", "dims": {"m": 32, "n": 48, "k": 16}, "inputs": {"A": "f32[m,k]", "B": "f32[k,n]"},
           "outputs": {"C": "f32[m,n]"}, "compute": ["C[m,n] = sum[k](A[m,k] * B[k,n])"]}
(result,) = perftune.tune(product, cpu=True, db="vendor.db", top=1, allow_vendor=True)
libraries = [c for c in result["candidates"] if c["target"].startswith("vendor/") and c["measured_us"]]
a, b = numpy.random.rand(32, 16).astype("f"), numpy.random.rand(16, 48).astype("f")
for library in libraries:
    with sqlite3.connect("vendor.db") as store:
        store.execute("UPDATE winners SET build = (SELECT b.id FROM builds b JOIN kernels k ON k.id = b.kernel WHERE k.kernel = ?)",
                      (library["kernel"],))
    kernel = perftune.Executor("vendor.db", threads=2).find("product", a, b)
    assert (kernel.info["hit"], kernel.info["program"], kernel.info["note"]) == ("exact", library["program"], ""), kernel.info
    numpy.testing.assert_allclose(kernel(a, b), a @ b, rtol=1e-4)
with sqlite3.connect("vendor.db") as store:
    store.execute("UPDATE kernels SET program = 'contraction vendor/later version=1' WHERE target LIKE 'vendor/%'")
if libraries:
    kernel = perftune.Executor("vendor.db", threads=2).find("product", a, b)
    assert kernel.info["hit"] == "runner-up" and "vendor/later" in kernel.info["note"], kernel.info
    numpy.testing.assert_allclose(kernel(a, b), a @ b, rtol=1e-4)
""")

    def test_query_returns_every_row(self):
        self.python("""
import pathlib, perftune
pathlib.Path("many.db").unlink(missing_ok=True)
scale = {"name": "scale", "dims": {"n": list(range(1, 61))}, "inputs": {"x": "f32[n]"}, "outputs": {"y": "f32[n]"}, "compute": ["y[n] = 2 * x[n]"]}
perftune.tune(scale, gpu="v100", db="many.db", top=1)
assert len(perftune.query(db="many.db")) == 60  # the command shows 50
""")

    def test_kernels_launches_and_errors(self):
        self.python("""
import numpy, perftune, inspect
product = {"name": "product", "dims": {"m": 32, "n": 48, "k": 16}, "inputs": {"A": "f32[m,k]", "B": "f32[k,n]"},
           "outputs": {"C": "f32[m,n]"}, "compute": ["C[m,n] = sum[k](A[m,k] * B[k,n])"]}
(result,) = perftune.tune(product, cpu=True, db="product.db", top=2)
assert result["best_basis"] == "measured", result
(row,) = perftune.query("operator=product", db="product.db", columns=["operator", "kernel", "measured_us"])
assert row["kernel"] == result["best"], row
executor = perftune.Executor("product.db", threads=2)
a, b = numpy.random.rand(32, 16).astype("f"), numpy.random.rand(16, 48).astype("f")
kernel = executor.find("product", a, b)
assert kernel.info["hit"] == "exact" and kernel.info["kernel"] == result["best"], kernel.info
assert executor.find("product", m=32, n=48, k=16).info["hit"] == "exact"
numpy.testing.assert_allclose(kernel(a, b), a @ b, rtol=1e-5)
out = numpy.zeros((32, 48), "f")
launch = kernel.prepare(a, b, out=out)
launch(); launch()
numpy.testing.assert_allclose(out, a @ b, rtol=1e-5)
assert launch.outputs[0] is out

class OnlyDlpack:  # what another library's tensor looks like
    def __init__(self, array): self.array = array
    def __dlpack__(self, **options): return self.array.__dlpack__(**options)
    def __dlpack_device__(self): return self.array.__dlpack_device__()
numpy.testing.assert_allclose(executor.run("product", OnlyDlpack(a), OnlyDlpack(b)), a @ b, rtol=1e-5)

wide = numpy.random.rand(16, 50).astype("f")
assert executor.find("product", a, wide).info["hit"] in ("nearest", "default")
numpy.testing.assert_allclose(executor.run("product", a, wide), a @ wide, rtol=1e-5)
c = numpy.zeros((32, 16), "f")
square = numpy.random.rand(16, 16).astype("f")
both = executor.sequence(executor.find("product", a, square).prepare(a, square, out=c),
                         executor.find("product", c, b).prepare(c, b, out=out))
both()
numpy.testing.assert_allclose(out, a @ square @ b, rtol=1e-4)

def status(work):
    try: work()
    except perftune.PerftuneError as error: return error.status, str(error)
    raise AssertionError("no error")
assert status(lambda: executor.run("product", a, b.T))[0] in ("PERFTUNE_BAD_SHAPE", "PERFTUNE_BAD_ARGUMENT")
assert status(lambda: executor.run("product", a.astype("d"), b))[0] == "PERFTUNE_BAD_SHAPE"
assert status(lambda: executor.run("none", a, b))[0] == "PERFTUNE_NO_KERNEL"
assert status(lambda: kernel(a, b, out=a))[0] == "PERFTUNE_BAD_SHAPE"
assert status(lambda: perftune.Executor("nowhere.db"))[0] == "PERFTUNE_BAD_STORE"
assert status(lambda: perftune.Executor("product.db", exact_only=True).run("product", a, wide))[0] == "PERFTUNE_MISS"
assert status(lambda: perftune.tune({"name": "x"}, cpu=True))[0] == "exit 2"
for thing in (perftune.tune, perftune.query, perftune.Executor, perftune.Executor.run, perftune.Kernel, perftune.Launch):
    assert inspect.getdoc(thing), thing
assert perftune.tune.__annotations__
""")

    def test_torch_where_it_is(self):
        if run(PYTHON, "-c", "import torch").returncode != 0:
            self.skipTest("no torch in this environment")
        self.python("""
import numpy, perftune, perftune.torch, torch
op = {"name": "twice", "dims": {"m": 8, "n": 8}, "inputs": {"A": "f32[m,n]"}, "outputs": {"C": "f32[m,n]"},
      "compute": ["C[m,n] = A[m,n] * 2"]}
perftune.tune(op, cpu=True, db="twice.db", top=1)
twice = perftune.torch.custom_operator("twice", perftune.Executor("twice.db"), inputs=1)
x = torch.rand(8, 8)
assert torch.equal(twice(x), 2 * x)
with torch.inference_mode():  # torch 1.13 has no gradient of a meta tensor to skip
    assert twice(torch.empty(8, 8, device="meta")).shape == (8, 8)
again = perftune.torch.custom_operator("twice", perftune.Executor("twice.db"), inputs=1, called="again")
assert torch.equal(again(x), 2 * x)
""")


if __name__ == "__main__":
    unittest.main()
