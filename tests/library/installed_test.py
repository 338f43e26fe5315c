"""The shared library from outside: what it exports, needs and weighs; a project that builds against the
installed package and runs a tuned kernel from a store.

Run alone: ctest --preset dev -R library.installed
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ENVIRONMENT = os.environ
SOURCE = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ENVIRONMENT["PERFTUNE_LIBRARY"]
MATMUL = """name: product
dims: {m: %d, n: %d, k: %d}
inputs: {A: "f32[m,k]", B: "f32[k,n]"}
outputs: {C: "f32[m,n]"}
compute:
  - C[m,n] = sum[k](A[m,k] * B[k,n])
"""


def run(*command, check=True, **options):
    done = subprocess.run([str(c) for c in command], text=True, capture_output=True, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


@unittest.skipIf(ENVIRONMENT.get("PERFTUNE_SANITIZE"), "a library with a sanitizer in it is not what ships")
class Shipped(unittest.TestCase):
    def test_exports_the_c_api_and_nothing_else(self):
        names = [line.split()[-1].split("@")[0] for line in run("nm", "-D", "--defined-only", LIBRARY).stdout.splitlines()]
        names = [name for name in names if name != "PERFTUNE_1"]
        header = (SOURCE / "executor" / "perftune.h").read_text()
        declared = set(re.findall(r"PERFTUNE_API [^;(]*?(perftune_[a-z_]+)\(", header))
        self.assertGreater(len(declared), 15)
        self.assertEqual(set(names), declared)

    def test_needs_sqlite_and_the_systems_libraries_only(self):
        needed = re.findall(r"NEEDED.*\[(.*?)\]", run("readelf", "-d", LIBRARY).stdout)
        allowed = {"libsqlite3.so.0", "libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6", "ld-linux-x86-64.so.2"}
        self.assertLessEqual(set(needed), allowed)
        self.assertIn("libsqlite3.so.0", needed)

    def test_holds_no_yaml_no_model_no_tuner_no_compiler(self):
        symbols = run("nm", "-C", LIBRARY).stdout
        for word in ("YAML::", "costmodel", "Constructor", "KernelModel", "perftune::tune(", "HostCompiler", "perftune::Nvrtc::"):
            self.assertNotIn(word, symbols)
        self.assertIn("KernelLibrary", symbols)

    def test_stays_small(self):
        # 490,816 bytes; docs/executor.md says what they are.
        with tempfile.TemporaryDirectory() as folder:
            stripped = pathlib.Path(folder) / "library.so"
            run("strip", "-o", stripped, LIBRARY)
            self.assertLess(stripped.stat().st_size, 500_000)


@unittest.skipIf(ENVIRONMENT.get("PERFTUNE_SANITIZE"), "a library with a sanitizer in it is not what ships")
class Example(unittest.TestCase):
    """A copy of examples/executor, far from this tree."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="perftune-example-")
        home = cls.home = pathlib.Path(cls.folder.name)
        cmake = ENVIRONMENT["PERFTUNE_CMAKE"]
        run(cmake, "--install", ENVIRONMENT["PERFTUNE_BUILD"], "--prefix", home / "installed", "--component", "executor")
        shutil.copytree(SOURCE / "examples" / "executor", home / "example")
        run(cmake, "-S", home / "example", "-B", home / "build", f"-DCMAKE_PREFIX_PATH={home / 'installed'}",
            "-DCMAKE_BUILD_TYPE=Release")
        run(cmake, "--build", home / "build")
        (home / "op.yaml").write_text(MATMUL % (64, 48, 32))
        cls.store = home / "perftune.db"
        run(ENVIRONMENT["PERFTUNE"], "tune", home / "op.yaml", "--cpu", "--top", "2", "--db", cls.store)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def example(self, program, *arguments, **options):
        return run(self.home / "build" / program, self.store, "product", *arguments, **options)

    def test_runs_the_tuned_kernel(self):
        self.assertIn("exact hit, tuned at k=32 m=64 n=48 on cpu-local", self.example("run_kernel", 64, 48, 32).stdout)

    def test_runs_another_shape(self):
        out = self.example("run_kernel", 33, 48, 100).stdout
        self.assertRegex(out, "^(nearest|default) hit")

    def test_cpp_wrapper(self):
        self.assertIn("us a launch", self.example("run_kernel_cpp", 64, 48, 32).stdout)

    def test_says_what_is_wrong(self):
        done = run(self.home / "build" / "run_kernel", self.home / "none.db", "product", 1, 1, 1, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no such store", done.stderr)

    def test_pkg_config(self):
        if shutil.which("pkg-config") is None:
            self.skipTest("no pkg-config")
        (where,) = (self.home / "installed").rglob("perftune_executor.pc")
        environment = dict(ENVIRONMENT, PKG_CONFIG_PATH=str(where.parent))
        flags = run("pkg-config", "--cflags", "--libs", "perftune_executor", env=environment).stdout.split()
        program = self.home / "by_pkg_config"
        run("gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", self.home / "example" / "run_kernel.c", "-o", program, *flags)
        libraries = where.parent.parent
        run(program, self.store, "product", 64, 48, 32, env=dict(ENVIRONMENT, LD_LIBRARY_PATH=str(libraries)))


if __name__ == "__main__":
    unittest.main()
