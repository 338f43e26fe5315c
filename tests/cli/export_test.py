"""export: a kernel leaves the store as files that build and check themselves without perftune."""

import json
import os
import shutil
import sqlite3
import subprocess
import unittest
from pathlib import Path

from harness import PerftuneTest

NVCC = shutil.which("nvcc")
GXX = shutil.which("g++", path="/usr/bin:/bin")

CONVOLUTION = """op: conv2d
name: conv
dims: {n: 2, c: 32, h: 14, w: 14, f: 48, r: 3, s: 3}
stride: 1
padding: same
layout: nhwc
dtype: f32
epilogue: [bias, relu]
"""


SOFTMAX = "op: softmax\nname: soft\ndims: {m: 70, n: 300}\ndtype: f32\n"
EMBEDDING = "op: embedding\nname: rows\ndims: {m: 50, v: 300, d: 64}\ndtype: f16\n"
SUMS = "op: sum_rows\nname: sums\ndims: {m: 70, n: 300}\ndtype: f32\n"


class Export(PerftuneTest):
    def winner(self):
        (row,) = self.json(self.run_perftune("query", "--columns", "kernel,program", "--json"))["rows"]
        return row["kernel"]

    def export(self, kernel, *arguments):
        folder = self.home / "out"
        self.expect(self.run_perftune("export", kernel, "-o", folder, *arguments), 0)
        return folder, json.loads((folder / "manifest.json").read_text())

    def build(self, folder, manifest, path):
        """The command of the manifest, with a PATH that holds little more than the compiler."""
        result = subprocess.run(manifest["build"], shell=True, cwd=folder, env={"PATH": path}, capture_output=True,
                                text=True, timeout=300, check=False)
        self.assertEqual(result.returncode, 0, result.stderr[-3000:])
        return folder / "check"

    def check(self, program):
        return subprocess.run([program], cwd=program.parent, capture_output=True, text=True, timeout=120, check=False)

    @unittest.skipUnless(GXX, "no g++ here")
    def test_a_cpu_kernel_builds_with_gxx_alone_and_checks_itself(self):
        for operator in (self.gemm(67, 45, 129), self.gemm(67, 45, 129, "f16"), self.write("conv.yaml", CONVOLUTION),
                         self.write("soft.yaml", SOFTMAX), self.write("sums.yaml", SUMS),
                         self.write("rows.yaml", EMBEDDING)):
            with self.subTest(operator=operator.name):
                self.store.unlink(missing_ok=True)
                shutil.rmtree(self.home / "out", ignore_errors=True)
                self.expect(self.run_perftune("tune", operator, "--cpu", "--top", "1"), 0)
                folder, manifest = self.export(self.winner())
                self.assertTrue(manifest["recorded_text_is_this"])
                self.assertIn(manifest["measurement"]["status"], ("timed", "noisy"))
                self.assertTrue(manifest["build"].startswith("g++ "))
                result = self.check(self.build(folder, manifest, "/usr/bin:/bin"))
                self.assertEqual(result.returncode, 0, result.stdout)
                self.assertIn("right", result.stdout)

    @unittest.skipUnless(GXX, "no g++ here")
    def test_the_check_finds_a_wrong_kernel(self):
        self.expect(self.run_perftune("tune", self.gemm(67, 45, 129), "--cpu", "--top", "1"), 0)
        folder, manifest = self.export(self.winner())
        header = folder / (manifest["name"] + ".h")
        text = header.read_text()
        self.assertIn("params->k0 = 129;", text)
        header.write_text(text.replace("params->k0 = 129;", "params->k0 = 128;"))
        result = self.check(self.build(folder, manifest, "/usr/bin:/bin"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("should be between", result.stdout)

    @unittest.skipUnless(GXX, "no g++ here")
    def test_two_exports_and_a_c_program_share_one_executable(self):
        names = []
        for m in (40, 72):
            self.store.unlink(missing_ok=True)
            self.expect(self.run_perftune("tune", self.gemm(m, 48, 32), "--cpu", "--top", "1"), 0)
            folder = self.home / f"out{m}"
            self.expect(self.run_perftune("export", self.winner(), "-o", folder), 0)
            manifest = json.loads((folder / "manifest.json").read_text())
            flags = manifest["build"].split(" " + manifest["name"])[0]
            subprocess.run(f"{flags} -c {manifest['name']}.cpp -o ../k{m}.o", shell=True, cwd=folder, check=True)
            names.append((folder, manifest["name"], m))
        if len({name for _, name, _ in names}) == 1:
            self.skipTest("one kernel won at both shapes")
        calls = "".join(f"  {{ {n}_params p; static float a[{m}*32], b[32*48], c[{m}*48], w[{n.upper()}_WORKSPACE_BYTES + 4];\n"
                        f"    {n}_arguments(&p, a, b, c, w); {n}_kernel(&p, &pool); }}\n" for _, n, m in names)
        (self.home / "main.c").write_text(
            "".join(f'#include "{folder}/{name}.h"\n' for folder, name, _ in names) +
            "static void run(void* x, int n, void (*t)(void*, int), void* a) { (void)x; for (int i = 0; i < n; ++i) t(a, i); }\n"
            "int main(void) {\n  const PerftunePool pool = {1, 0, run};\n" + calls + "  return 0;\n}\n")
        subprocess.run("gcc -std=c11 -Wall -Werror -c main.c && gcc main.o k40.o k72.o -lm -o both && ./both", shell=True,
                       cwd=self.home, check=True)

    @unittest.skipUnless(NVCC, "no nvcc here: exported CUDA kernels were not built")
    def test_a_cuda_kernel_builds_with_nvcc_alone(self):
        # The last one takes tensor maps, which main asks the driver to encode.
        for gpu, operator in (("a100", self.gemm(192, 160, 96, "f16")), ("t4", self.gemm(192, 160, 96, "f32")),
                              ("a100", self.write("soft.yaml", SOFTMAX)), ("h100", self.gemm(512, 512, 512, "f16"))):
            with self.subTest(gpu=gpu, operator=operator.name):
                self.store.unlink(missing_ok=True)
                shutil.rmtree(self.home / "out", ignore_errors=True)
                self.expect(self.run_perftune("tune", operator, "--gpu", gpu, "--top", "1"), 0)
                folder, manifest = self.export(self.winner())
                self.assertGreater((folder / (manifest["name"] + ".cubin")).stat().st_size, 1000)
                self.assertIn("not measured", (folder / (manifest["name"] + ".h")).read_text())
                program = self.build(folder, manifest, f"{os.path.dirname(NVCC)}:/usr/bin:/bin")
                if shutil.which("nvidia-smi") is None:
                    self.assertEqual(self.check(program).returncode, 3)  # no device: said so
                else:
                    self.assertEqual(self.check(program).returncode, 0)

    def test_the_source_is_not_the_stores(self):
        """A store from elsewhere: its source is replaced, its operator renamed to code."""
        self.expect(self.run_perftune("tune", self.gemm(64, 64, 64), "--cpu", "--top", "1"), 0)
        kernel = self.winner()
        evil = "#error owned\nint main() { __builtin_trap(); }\n"
        with sqlite3.connect(self.store) as store:
            store.execute("UPDATE kernels SET source = ?", (evil,))
            (definition,) = store.execute("SELECT definition FROM operator_names").fetchone()
            store.execute("UPDATE operator_names SET definition = ?",
                          (definition.replace("name: gemm", 'name: "x*/\\nint evil;//\\\\\\n#error owned"'),))
        folder, manifest = self.export(kernel)
        for path in folder.iterdir():
            text = path.read_text()
            self.assertNotIn("owned\n", text.replace('"owned', "") if path.suffix == ".json" else text)
            if path.suffix != ".json":
                self.assertNotIn("#error", text)
                self.assertNotIn("\nint evil", text)
        self.assertRegex(manifest["name"], r"^[a-z0-9_]+$")
        if GXX:
            self.assertEqual(self.check(self.build(folder, manifest, "/usr/bin:/bin")).returncode, 0)

    def test_other_shapes_and_wrong_questions(self):
        self.expect(self.run_perftune("tune", self.gemm(64, 64, 64), "--cpu", "--top", "1"), 0)
        kernel = self.winner()
        folder, manifest = self.export(kernel, "--for", self.gemm(96, 64, 128))
        self.assertEqual(manifest["operator"]["dims"], {"m": 96, "n": 64, "k": 128})
        self.assertIsNone(manifest["measurement"])
        self.expect(self.run_perftune("export", kernel, "-o", folder), 0)  # an export replaces an export
        self.expect_error(self.run_perftune("export", "feedfacefeedface", "-o", self.home / "x"), 2, "no kernel")
        other = self.home / "other"
        other.mkdir()
        (other / "mine.txt").write_text("keep")
        self.expect_error(self.run_perftune("export", kernel, "-o", other), 2, "something else")
        self.assertEqual([p.name for p in other.iterdir()], ["mine.txt"])
        self.expect_error(self.run_perftune("export", kernel, "-o", self.home / "x", "--for", "none.yaml"), 2, "none.yaml")


if __name__ == "__main__":
    unittest.main()
