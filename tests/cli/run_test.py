"""`run` reproduces NumPy from and to .npy files."""

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
