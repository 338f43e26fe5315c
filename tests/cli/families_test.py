"""Operators of every family at the command line: split into kernels, refused, explained, summed up."""

import pathlib
import unittest

import numpy

from harness import PerftuneTest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ATTENTION = "op: attention\ndims: {b: 2, m: 24, n: 20, d: 16}\n"


class FamiliesTest(PerftuneTest):
    def test_attention_is_several_kernels_and_right_as_a_whole(self):
        path = self.write("attention.yaml", ATTENTION)
        document = self.json(self.run_perftune("tune", path, "--cpu", "--top", 2, "--json"))
        whole, *parts = document["results"]
        self.assertEqual(whole["operator"], "attention")
        self.assertEqual(whole["parts"], [part["operator"] for part in parts])
        self.assertGreaterEqual(len(parts), 2)
        self.assertIn("attention/S", whole["parts"])
        self.assertAlmostEqual(whole["best_us"], sum(part["best_us"] for part in parts), delta=1e-6)
        for part in parts:
            self.assertEqual(part["part_of"], "attention")
            self.assertIn(part["best"], [c["kernel"] for c in part["candidates"]])
        rng = numpy.random.default_rng(3)
        q, k, v = (rng.standard_normal((2, e, 16)).astype(numpy.float32) for e in (24, 20, 20))
        for name, value in (("Q", q), ("K", k), ("V", v)):
            numpy.save(self.home / f"{name}.npy", value)
        ran = self.json(self.run_perftune("run", path, "--cpu", "--json", "--input", "Q=Q.npy", "--input",
                                          "K=K.npy", "--input", "V=V.npy", "--output", "O=O.npy"))
        self.assertEqual(len(ran["kernels"]), len(parts))
        scores = numpy.exp(q.astype(float) @ k.astype(float).transpose(0, 2, 1) / 4)
        expected = scores / scores.sum(-1, keepdims=True) @ v.astype(float)
        numpy.testing.assert_allclose(numpy.load(self.home / "O.npy"), expected, rtol=2e-4, atol=2e-5)

    def test_what_no_family_takes_is_named(self):
        path = self.write("odd.yaml", "name: odd\ndims: {m: 4, n: 12}\ninputs: {x: \"f32[m,n]\"}\n"
                          "outputs: {y: \"f32[m]\"}\ncompute:\n  - t[m,n] = x[m,n] * 2\n"
                          "  - y[m] = sum[n](t[m, n % 4 * 3])\n")
        self.expect_error(self.run_perftune("predict", path, "--cpu"), 4, "y", "odd.yaml:7")

    def test_explain_says_which_family_and_why(self):
        path = self.write("relu.yaml", "op: relu\ndims: {n: 1000}\n")
        result = self.expect(self.run_perftune("explain", path, "--gpu", "a100"), 0)
        self.assertIn("map", result.stdout)
        self.assertIn("it has no sum", result.stdout)
        document = self.json(self.run_perftune("explain", self.write("attention.yaml", ATTENTION), "--gpu", "a100", "--json"))
        self.assertGreaterEqual(len(document["results"]), 2)
        self.assertTrue(all(r["part_of"] == "attention" for r in document["results"]))

    def test_indices_out_of_range_are_refused(self):
        path = self.write("embedding.yaml", "op: embedding\ndims: {m: 6, v: 10, d: 4}\n")
        numpy.save(self.home / "id.npy", numpy.array([0, 1, 9, 10, 2, 3], numpy.int32))
        self.expect_error(self.run_perftune("run", path, "--cpu", "--input", "id=id.npy"), 2, "id[3] = 10", "0 to 9")
        numpy.save(self.home / "id.npy", numpy.array([0, 1, 9, 9, 2, 3], numpy.int32))
        self.expect(self.run_perftune("run", path, "--cpu", "--input", "id=id.npy"), 0)

    def test_shapes_that_leave_nothing_to_compute_are_refused(self):
        window = self.write("window.yaml", "op: max_pool2d\ndims: {n: 1, c: 4, h: 3, w: 3, r: 7, s: 7}\n"
                            "padding: 1\nstride: 1\n")
        empty = self.write("empty.yaml", "op: conv2d\ndims: {n: 1, c: 4, h: 2, w: 2, f: 4, r: 3, s: 3}\n")
        row = "dims: {m: 4, n: %s}\ninputs: {x: \"f32[m,n]\"}\noutputs: {y: \"f32[m]\"}\ncompute: [\"y[m] = %s\"]\n"
        for path, where, what in ((window, "window.yaml:1:5", "an extent of 'Y' is -1"),
                                  (empty, "empty.yaml:1:5", "an extent of 'Y' is 0"),
                                  (self.write("none.yaml", row % (0, "sum[n](x[m,n])")), "none.yaml:1:17", "'n' is 0"),
                                  (self.write("unbound.yaml", row % (4, "sum[](x[m,0])")), "unbound.yaml:4", "a sum over nothing")):
            for device in (("--cpu",), ("--gpu", "a100")):
                self.expect_error(self.run_perftune("predict", path, *device), 2, where, what)

    def test_permutations_that_repeat_an_axis_are_refused(self):
        path = self.write("repeat.yaml", "dims: {m: 4, n: 4}\ninputs: {x: \"f32[m,n]\"}\noutputs: {y: \"f32[m,n]\"}\n"
                          "compute: [\"y[m,m] = x[m,n]\"]\n")
        self.expect_error(self.run_perftune("predict", path, "--cpu"), 2, "repeat.yaml:4", "'m' is used twice")

    def test_more_elements_than_31_bits_count_take_wide_indices(self):
        for op, dims in (("relu", "n: 4294967296"), ("sum_rows", "m: 65536, n: 65536"), ("softmax", "m: 65536, n: 65536")):
            path = self.write("wide.yaml", f"op: {op}\ndims: {{{dims}}}\n")
            result = self.expect(self.run_perftune("predict", path, "--gpu", "a100"), 0)
            self.assertIn("index_bits=64", result.stdout, op)

    def test_suites_have_a_weighted_total(self):
        document = self.json(self.run_perftune("predict", ROOT / "recipes/suites/llama3_8b_decode.yaml",
                                               "--gpu", "h200", "--json"))
        total = sum(r["predicted_us"] * r["weight"] for r in document["results"])
        self.assertAlmostEqual(document["weighted_total_us"], total, delta=1e-6 * total)


if __name__ == "__main__":
    unittest.main()
