"""`run` reproduces NumPy from and to .npy files."""

import contextlib
import sqlite3
import unittest

import numpy

from harness import PerftuneTest


class Run(PerftuneTest):
    def multiply(self, m, n, k, dtype, numpy_type, tolerance):
        generator = numpy.random.default_rng(5)
        a = generator.uniform(-1, 1, (m, k)).astype(numpy_type)
        b = generator.uniform(-1, 1, (k, n)).astype(numpy_type)
        numpy.save(self.home / "a.npy", a)
        numpy.save(self.home / "b.npy", b)
        path = self.gemm(m, n, k, dtype)
        document = self.json(self.run_perftune("run", path, "--cpu", "--input", "A=a.npy", "--input", "B=b.npy",
                                               "--output", "C=c.npy", "--json"))
        self.assertTrue(document["verified"])
        self.assertGreater(document["measured_us"], 0)
        c = numpy.load(self.home / "c.npy")
        self.assertEqual(c.dtype, numpy_type)
        expected = a.astype(numpy.float64) @ b.astype(numpy.float64)
        numpy.testing.assert_allclose(c.astype(numpy.float64), expected, rtol=tolerance, atol=tolerance * k ** 0.5)

    def test_ragged_f32(self):
        self.multiply(127, 33, 65, "f32", numpy.float32, 1e-5)

    def test_one_row_f32(self):
        self.multiply(1, 300, 77, "f32", numpy.float32, 1e-5)

    def test_f64(self):
        self.multiply(31, 17, 130, "f64", numpy.float64, 1e-13)

    def test_f16(self):
        self.multiply(64, 48, 96, "f16", numpy.float16, 2e-3)

    def test_uses_the_winner_once_there_is_one(self):
        path = self.gemm(96, 64, 80)
        tuned = self.json(self.run_perftune("tune", path, "--cpu", "--top", 2, "--json"))["results"][0]
        ran = self.json(self.run_perftune("run", path, "--cpu", "--json"))
        self.assertIn("winner (measured)", ran["chosen"])
        (best,) = [c for c in tuned["candidates"] if c["kernel"] == tuned["best"]]
        self.assertEqual(ran["program"], best["program"])

    def run_twice(self, change=lambda store: None, **environment):
        """What the second run says, after `change` of the store that the first one left."""
        path = self.gemm(96, 64, 80)
        first = self.json(self.run_perftune("run", path, "--cpu", "--json"))
        self.assertEqual(first["compiled"], 1)
        with contextlib.closing(sqlite3.connect(self.store)) as store, store:
            change(store)
        result = self.run_perftune("run", path, "--cpu", "--json", **environment)
        return self.json(result), result.stderr

    def test_a_second_run_needs_no_compiler(self):
        document, said = self.run_twice(PATH="/nowhere")
        self.assertEqual(document["compiled"], 0)
        self.assertTrue(document["verified"])
        self.assertEqual(said, "")

    def test_what_was_tuned_needs_no_compiler(self):
        path = self.gemm(96, 64, 80)
        self.expect(self.run_perftune("tune", path, "--cpu", "--top", 1, "--fast"), 0)
        document = self.json(self.run_perftune("run", path, "--cpu", "--json", PATH="/nowhere"))
        self.assertEqual(document["compiled"], 0)
        self.assertIn("winner", document["chosen"])

    def test_an_older_store_is_brought_up_to_date(self):
        path = self.gemm(16, 16, 16, "f32")
        self.json(self.run_perftune("tune", path, "--cpu", "--top", "1", "--fast", "--json"))
        with contextlib.closing(sqlite3.connect(self.store)) as store:  # as version 6 was: without seals
            current = store.execute("PRAGMA user_version").fetchone()[0]
            store.executescript("DROP TABLE origins; DROP TABLE device_headers; PRAGMA user_version = 6")
        self.assertGreater(current, 6)
        document = self.json(self.run_perftune("run", path, "--cpu", "--json"))
        self.assertTrue(document["verified"])
        with contextlib.closing(sqlite3.connect(self.store)) as store:
            self.assertEqual(store.execute("PRAGMA user_version").fetchone()[0], current)

    def test_without_a_kept_kernel_a_compiler_is_asked_for(self):
        self.expect_error(self.run_perftune("run", self.gemm(), "--cpu", PATH="/nowhere"), 3, "no host C++ compiler")

    def test_an_altered_binary_is_compiled_again(self):
        document, said = self.run_twice(lambda store: store.execute("UPDATE builds SET binary = CAST(binary || 'x' AS BLOB)"))
        self.assertEqual(document["compiled"], 1)
        self.assertIn("does not match its hash", said)
        document = self.json(self.run_perftune("run", self.gemm(96, 64, 80), "--cpu", "--json"))
        self.assertEqual(document["compiled"], 0)

    def test_a_store_that_others_may_write_is_not_believed(self):
        document, said = self.run_twice(lambda store: self.store.chmod(0o666))
        self.assertEqual(document["compiled"], 1)
        self.assertIn("others may write the store", said)

    def test_a_kept_kernel_that_is_wrong_is_compiled_again(self):
        self.expect(self.run_perftune("run", self.gemm(96, 64, 80, "f64"), "--cpu"), 0)
        of_the_other = "(SELECT {0} FROM builds ORDER BY id LIMIT 1)"
        document, said = self.run_twice(lambda store: store.execute(
            "UPDATE builds SET binary = " + of_the_other.format("binary") + ", binary_hash = " + of_the_other.format("binary_hash")))
        self.assertEqual(document["compiled"], 1)
        self.assertIn("the kept kernel does not run", said)

    def test_a_range_is_run_at_the_shape_of_the_inputs(self):
        path = self.write("range.yaml", self.gemm(64, 32, 32).read_text().replace("m: 64", "m: {range: [1, 100], points: [4, 64]}"))
        a, b = numpy.random.rand(20, 32).astype("f4"), numpy.random.rand(32, 32).astype("f4")
        numpy.save(self.home / "a.npy", a)
        numpy.save(self.home / "b.npy", b)
        inputs = ("--input", "A=a.npy", "--input", "B=b.npy")
        self.expect_error(self.run_perftune("run", path, "--cpu"), 2, "'m' has several extents (4, 64)", "--input")
        self.expect_error(self.run_perftune("run", path, "--cpu", "--input", "B=b.npy"), 2, "'m' has several extents")
        untuned = self.json(self.run_perftune("run", path, "--cpu", *inputs, "--json"))
        self.assertIn("best prediction", untuned["chosen"])
        self.expect(self.run_perftune("tune", path, "--cpu", "--top", 2, "--fast"), 0)
        tuned = self.json(self.run_perftune("run", path, "--cpu", *inputs, "--output", "C=c.npy", "--json"))
        self.assertRegex(tuned["chosen"], r"winner of m=(4|64) in .* which serves m = \d+\.\.\d+")
        numpy.testing.assert_allclose(numpy.load(self.home / "c.npy"), a @ b, rtol=1e-5)

    def test_wrong_shape_wrong_name_no_file(self):
        path = self.gemm(8, 8, 8)
        numpy.save(self.home / "a.npy", numpy.zeros((8, 9), numpy.float32))
        self.expect_error(self.run_perftune("run", path, "--cpu", "--input", "A=a.npy"), 2, "a.npy")
        self.expect_error(self.run_perftune("run", path, "--cpu", "--input", "Q=a.npy"), 2, "'Q'", "A, B")
        self.expect_error(self.run_perftune("run", path, "--cpu", "--input", "A=b.npy"), 2, "b.npy")

    def test_a_gpu_that_is_not_here(self):
        self.expect_error(self.run_perftune("run", self.gemm(), "--gpu", "a100"), 3, "a100")


if __name__ == "__main__":
    unittest.main()
