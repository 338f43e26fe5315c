"""`model`: training rows in, a model in the store, errors that a user can act on."""

import json
import math
import random
import sqlite3

from harness import PerftuneTest


class Model(PerftuneTest):
    def setUp(self):
        super().setUp()
        # Makes a store, and knows the columns of this build's training rows.
        self.expect(self.run_perftune("tune", self.gemm(64, 64, 64), "--gpu", "v100"), 0)
        self.header = self.expect(self.run_perftune("model", "rows"), 0).stdout.strip().split(",")

    def rows(self, operators=12, each=25, scope="gpu/A: contraction"):
        """Rows whose measured time is 1.3 times the predicted one where the sixth-to-last feature is 1."""
        draw = random.Random(1)
        out = []
        for operator in range(operators):
            for _ in range(each):
                features = [f"{draw.gauss(0, 1):.6f}" for _ in self.header[6:]]
                slow = draw.random() < 0.5
                features[3] = "1" if slow else "0"
                predicted = math.exp(3 + draw.gauss(0, 1))
                measured = predicted * (1.3 if slow else 1) * math.exp(draw.gauss(0, 0.02))
                out.append([scope, str(operator), "math", f"{predicted:.6f}", f"{predicted / 2:.6f}", f"{measured:.6f}",
                            *features])
        return out

    def csv(self, rows, header=None):
        lines = [",".join(header or self.header)] + [",".join(row) for row in rows]
        return self.write("rows.csv", "\n".join(lines) + "\n")

    def train(self, *arguments):
        return self.run_perftune("model", "train", *arguments)

    def test_a_scope_that_is_no_utf8(self):
        path = self.home / "rows.csv"
        lines = [",".join(self.header)] + [",".join(row) for row in self.rows(scope="gpu/SCOPE: contraction")]
        path.write_bytes("\n".join(lines).encode().replace(b"SCOPE", b"\xf7") + b"\n")
        self.expect(self.train("--from", "rows.csv"), 0)
        self.assertIn("\ufffd", self.expect(self.run_perftune("model", "show", "--json"), 0).stdout)

    def test_learns_keeps_and_shows(self):
        trained = self.json(self.train("--from", self.csv(self.rows()), "--json"))
        self.assertEqual(trained["schema"], "perftune.model/1")
        whole = trained["errors"][0]
        self.assertEqual(whole["rows"], 300)
        self.assertLess(whole["learned"]["mape"], whole["white_box"]["mape"] / 2)
        self.assertTrue(0.8 <= whole["coverage_90"] <= 0.97, whole)
        self.assertEqual(trained["importance"][0]["feature"], self.header[6 + 3])
        shown = self.json(self.run_perftune("model", "show", "--json"))
        self.assertEqual(shown["data_hash"], trained["data_hash"])
        text = self.expect(self.run_perftune("model", "show"), 0).stdout
        self.assertIn("Calibration", text)
        self.assertIn(self.header[6 + 3], text)

    def test_the_report_shows_calibration_and_errors(self):
        self.expect(self.train("--from", self.csv(self.rows(scope="gpu/<b>A: contraction"))), 0)
        page = self.expect(self.run_perftune("report", "--format", "html"), 0).stdout
        self.assertIn("The learned model", page)
        self.assertIn("90.0 % interval holds", page)
        self.assertIn("&lt;b&gt;A", page)
        self.assertNotIn("<b>A", page)

    def test_same_rows_same_model(self):
        path = self.csv(self.rows())
        models = set()
        for _ in range(2):
            self.expect(self.train("--from", path), 0)
            models.add(sqlite3.connect(self.store).execute(
                "SELECT weights FROM models ORDER BY id DESC").fetchone()[0])
        self.assertEqual(len(models), 1)

    def test_eval_does_not_flatter_with_its_own_rows(self):
        path = self.csv(self.rows())
        self.expect(self.train("--from", path), 0)
        own = self.json(self.run_perftune("model", "eval", "--from", path, "--json"))
        self.assertIn("did not see", own["judged"])
        other = self.json(self.run_perftune("model", "eval", "--from", self.csv(self.rows(operators=5)), "--json"))
        self.assertEqual(other["judged"], "the stored model")
        strange = self.json(self.run_perftune("model", "eval", "--from", self.csv(self.rows(scope="gpu/B: map")), "--json"))
        self.assertEqual(strange["silent_rows"], 300)

    def test_bad_rows_are_counted_and_left_out(self):
        rows = self.rows()
        rows[0][5] = "nan"
        rows[1][5] = "0"
        rows[2][8] = "inf"
        rows[3][5] = str(float(rows[3][5]) * 1e6)  # seconds for microseconds
        rows.append(rows[9])
        trained = self.json(self.train("--from", self.csv(rows), "--json"))
        self.assertEqual({k: trained["rows"][k] for k in ("not_finite", "not_positive", "out_of_range", "repeated")},
                         {"not_finite": 2, "not_positive": 1, "out_of_range": 1, "repeated": 1})

    def test_one_class_only_is_a_constant(self):
        rows = self.rows(operators=1)
        for row in rows:
            row[6:] = ["0.5"] * len(row[6:])
            row[5] = str(float(row[3]) * 1.25)
        trained = self.json(self.train("--from", self.csv(rows), "--json"))
        self.assertLess(trained["errors"][0]["learned"]["mape"], 0.03)

    def test_what_cannot_be_learnt_from_is_one_line(self):
        rows = self.rows()
        self.expect_error(self.train("--from", self.csv(rows[:10])), 2, "too little data", "white box")
        for row in rows:
            row[5] = "0"
        self.expect_error(self.train("--from", self.csv(rows)), 2, "300 not positive")
        self.expect_error(self.train("--from", self.csv([["x"] * len(self.header)])), 2, "rows.csv:2:2", "no number")
        self.expect_error(self.train("--from", self.csv([rows[0][:-2]])), 2, "rows.csv:2:1", "cut short")
        self.expect_error(self.train("--from", self.csv(rows, self.header[:-1] + ["old_feature"])), 2,
                          "rows.csv:1:1", "another version")
        self.expect_error(self.train("--from", self.home / "absent"), 2, "no such file")
        self.expect_error(self.train("--from", self.write("empty.csv", "")), 2, "empty.csv:1:1")
        self.expect_error(self.train(), 2, "too little data")
        self.expect_error(self.run_perftune("model", "show"), 2, "no model")

    def test_a_damaged_model_is_refused_and_the_white_box_goes_on(self):
        self.expect(self.train("--from", self.csv(self.rows())), 0)
        with sqlite3.connect(self.store) as store:
            (weights,) = store.execute("SELECT weights FROM models").fetchone()
            for damaged, why in ((weights[:-40], "cut short"), (weights.replace(b"0x1.", b"0x1.1", 1), "hash"),
                                 (b"no model", "not one")):
                store.execute("UPDATE models SET weights = ?", (damaged,))
                store.commit()
                self.expect_error(self.run_perftune("model", "show"), 5, why, "white box")
        self.expect(self.run_perftune("tune", self.gemm(64, 64, 128), "--gpu", "v100"), 0)

    def space(self, count=200):
        """A Kernel Tuner cache with one good corner."""
        cache = {}
        for i in range(count):
            x, y = i % 20, i // 20
            time = 1 + 0.1 * abs(x - 7) + 0.2 * abs(y - 3)
            cache[f"{x},{y}"] = {"x": x, "y": y, "time": "CompilationFailedConfig" if i % 9 == 0 else time,
                                 "times": [time], "compile_time": 1, "verification_time": 0, "benchmark_time": 0,
                                 "strategy_time": 0, "framework_time": 0, "timestamp": "2024-01-01 00:00:00+00:00"}
        return self.write("space.json", json.dumps({
            "schema_version": "1.1.0", "device_name": "D", "kernel_name": "K", "problem_size": [1, 1, 1],
            "tune_params_keys": ["x", "y"], "tune_params": {"x": list(range(20)), "y": list(range(count // 20))},
            "objective": "time", "cache": cache}))

    def test_replay_beats_random_search(self):
        document = self.json(self.run_perftune("model", "replay", self.space(), "--seeds", "10", "--budget", "30", "--json"))
        self.assertEqual(document["configurations"], 200)
        model, random_search = document["searches"]
        self.assertEqual(model["found"][-1]["evaluations"], 30)
        self.assertGreater(model["found"][-1]["median"], random_search["found"][-1]["median"])
        self.assertIn("% of seeds", self.expect(self.run_perftune("model", "replay", self.space(), "--seeds", "3"), 0).stdout)

    def test_replay_of_what_is_no_space(self):
        self.expect_error(self.run_perftune("model", "replay", self.home / "absent"), 2, "no such file")
        self.expect_error(self.run_perftune("model", "replay", self.write("x.json", "{}")), 2, "x.json")
        self.expect_error(self.train("--from", self.space()), 2, "replay")
