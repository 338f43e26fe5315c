"""`predict` and `explain`: no compiler, no device, no store."""

import csv
import io

from harness import PerftuneTest


class Predict(PerftuneTest):
    def test_shapes_are_copied_with_three_columns_appended(self):
        shapes = self.write("shapes.csv", "tag,m,n,k\nx,64,64,64\ny,1,4096,4096\n")
        result = self.expect(self.run_perftune("predict", self.gemm(), "--gpu", "h100", "--shapes", shapes), 0)
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual(list(rows[0]), ["tag", "m", "n", "k", "predicted_us", "limiter", "program"])
        self.assertEqual([row["tag"] for row in rows], ["x", "y"])
        self.assertGreater(float(rows[1]["predicted_us"]), float(rows[0]["predicted_us"]))

    def test_one_thread_is_a_device_of_its_own(self):
        one = self.json(self.run_perftune("predict", self.gemm(1024, 1024, 1024), "--cpu", "--threads", 1, "--json"))
        all_cores = self.json(self.run_perftune("predict", self.gemm(1024, 1024, 1024), "--cpu", "--json"))
        self.assertNotRegex(one["results"][0]["program"], "threads_|split_k")  # nothing is cut for threads that are not there
        if "threads_" in all_cores["results"][0]["program"]:
            self.assertEqual(one["hardware"], "cpu-local-1t")
            self.assertGreater(one["results"][0]["predicted_us"], all_cores["results"][0]["predicted_us"])

    def test_extents_beyond_32_bits(self):
        for gpu in ("t4", "h100"):
            self.expect_error(self.run_perftune("predict", self.gemm(64, 3_000_000_000, 64), "--gpu", gpu), 4, "an axis group has 2^31 points")

    def test_a_bad_cell_names_its_place(self):
        shapes = self.write("shapes.csv", "m,n,k\n64,64,64\n64,zero,64\n")
        self.expect_error(self.run_perftune("predict", self.gemm(), "--gpu", "h100", "--shapes", shapes), 2,
                          "shapes.csv:3:4:", "'n'")

    def test_csv_as_spreadsheets_write_it(self):
        shapes = self.home / "shapes.csv"
        shapes.write_bytes(b'\xef\xbb\xbfm ,note,n\r\n4096,"a, ""b""",64\r\n64,,64\r\n')
        result = self.expect(self.run_perftune("predict", self.gemm(), "--gpu", "h100", "--shapes", shapes), 0)
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual([row["note"] for row in rows], ['a, "b"', ""])
        self.assertGreater(float(rows[0]["predicted_us"]), float(rows[1]["predicted_us"]))  # m was read
        self.assertIn("no column 'k': every row takes 128", result.stderr)
        shapes.write_text('m,note\n64,"open\n')
        self.expect_error(self.run_perftune("predict", self.gemm(), "--gpu", "h100", "--shapes", shapes), 2, "shapes.csv:2:4:", "quote")

    def test_shapes_of_a_file_with_several(self):
        path = self.write("range.yaml", self.gemm().read_text().replace("m: 256", "m: {range: [1, 256], points: [1, 256]}"))
        shapes = self.write("shapes.csv", "m\n17\n")
        result = self.expect(self.run_perftune("predict", path, "--gpu", "h100", "--shapes", shapes), 0)
        self.assertEqual(len(result.stdout.splitlines()), 2)
        shapes = self.write("shapes.csv", "n\n17\n")
        self.expect_error(self.run_perftune("predict", path, "--gpu", "h100", "--shapes", shapes), 2, "no column 'm', of which")

    def test_explain_takes_no_model(self):
        self.expect_error(self.run_perftune("explain", self.write("model.onnx", "x"), "--cpu"), 2, "an ONNX model", "an operator file is expected")

    def test_columns_that_name_no_dimension(self):
        shapes = self.write("shapes.csv", "rows,columns\n1,2\n")
        self.expect_error(self.run_perftune("predict", self.gemm(), "--gpu", "h100", "--shapes", shapes), 2,
                          "k, m, n")

    def test_library_time_for_every_gpu(self):
        names = [h["name"] for h in self.json(self.run_perftune("hardware", "list", "--json"))["hardware"]]
        for name in names:
            dtype = "f32" if name in ("v100-sxm2-32gb", "t4") else "bf16"
            with self.subTest(gpu=name):
                document = self.json(self.run_perftune("predict", self.gemm(1024, 1024, 1024, dtype), "--gpu", name,
                                                       "--library", "--json"))
                self.assertTrue(document["library"])
                self.assertGreater(document["results"][0]["predicted_us"], 1)

    def test_explain_names_rules_limiter_and_stages(self):
        document = self.json(self.run_perftune("explain", self.gemm(1024, 1024, 1024), "--gpu", "a100", "--json"))
        (result,) = document["results"]
        self.assertGreaterEqual(len(result["rules"]), 6)
        for rule in result["rules"]:
            self.assertTrue(rule["knob"] and rule["rule"] and rule["reason"])
        prediction = result["prediction"]
        stages = {stage["stage"]: stage["us"] for stage in prediction["breakdown"]}
        self.assertIn(prediction["limiter"], stages)
        self.assertLessEqual(prediction["predicted_low_us"], prediction["predicted_us"])
        self.assertTrue(prediction["advice"])

    def test_explain_says_what_no_family_takes(self):
        path = self.write("odd.yaml", """name: odd
dims: {m: 8, k: 8}
inputs: {A: "f32[m,k]"}
outputs: {y: "f32[m]"}
compute: ["y[m] = prod[k](A[m, k % 4 * 2])"]
""")
        self.expect_error(self.run_perftune("explain", path, "--gpu", "a100"), 4, "y")

    def test_explain_says_what_a_change_would_bring_in_every_family(self):
        operators = {"matmul": "{m: 256, n: 256, k: 256}", "softmax": "{m: 512, n: 512}", "sum_rows": "{m: 512, n: 512}",
                     "gelu": "{n: 65536}"}
        for op, dims in operators.items():
            for device in (["--gpu", "a100"], ["--cpu"]):
                with self.subTest(op=op, device=device):
                    path = self.write(f"{op}.yaml", f"op: {op}\ndims: {dims}\n")
                    (result,) = self.json(self.run_perftune("explain", path, *device, "--json"))["results"]
                    changes = result["changes"]
                    self.assertTrue(any(c["possible"] for c in changes), changes)
                    self.assertTrue(all(c["relative"] >= 0 for c in changes if c["possible"]), "it is the best")
                    self.assertTrue(all(c["relative"] < 0 for c in changes if not c["possible"]), changes)
