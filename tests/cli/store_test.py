"""query and db: winners and history, merging, pruning, and results of other tools."""

import csv
import gzip
import io
import json
import sqlite3

from harness import PerftuneTest

CACHE = {
    "schema_version": "1.1.0", "device_name": "Some GPU", "kernel_name": "Xgemm",
    "problem_size": [64, 32], "objective": "time", "tune_params_keys": ["MWG"],
    "tune_params": {"MWG": [16, 32, 64]},
    "cache": {
        str(mwg): {"MWG": mwg, "time": time, "compile_time": 1, "verification_time": 0,
                   "benchmark_time": 1, "strategy_time": 0, "framework_time": 0,
                   "timestamp": "2023-02-13 19:27:48+00:00"}
        for mwg, time in ((16, 2.0), (32, 1.5), (64, "InvalidConfig"))
    },
}


class Stored(PerftuneTest):
    def import_cache(self, name="cache.json", **changes):
        return self.expect(self.run_perftune("db", "import", self.write(name, json.dumps({**CACHE, **changes}))), 0)

    def query(self, *arguments):
        return self.json(self.run_perftune("query", *arguments, "--json"))["rows"]

    def test_a_missing_store_is_a_store_error(self):
        self.expect_error(self.run_perftune("query"), 5, "no such store")
        self.assertFalse(self.store.exists())

    def test_no_match_is_an_empty_table_and_a_hint(self):
        self.import_cache()
        result = self.expect(self.run_perftune("query", "operator=none"), 0)
        self.assertEqual(len(result.stdout.splitlines()), 1)
        self.assertIn("nothing matches", result.stderr)
        self.assertEqual(self.query("x>=65"), [])

    def test_import_tells_valid_from_invalid_and_repeats_nothing(self):
        self.assertIn("3 configurations of Xgemm on Some GPU (2 valid, 1 invalid), 3 new", self.import_cache().stdout)
        self.assertIn("0 new", self.import_cache().stdout)

    def test_winners_history_and_columns(self):
        self.import_cache()
        (winner,) = self.query("operator=Xgemm", "x>=64", "--columns", "operator,dims,measured_us,status")
        self.assertEqual(winner, {"operator": "Xgemm", "dims": "x=64 y=32", "measured_us": 1500.0, "status": "timed"})
        self.assertEqual(len(self.query("--history")), 3)
        self.assertEqual(len(self.query("--history", "status=rejected")), 1)
        self.assertEqual([row["measured_us"] for row in self.query("--top", "2")], [1500.0, 2000.0])

    def test_unknown_names_are_usage_errors(self):
        self.import_cache()
        self.expect_error(self.run_perftune("query", "speed>3"), 2, "speed", "--list-columns")
        self.expect_error(self.run_perftune("query", "--columns", "speed"), 2, "speed", "measured_us")
        self.expect(self.run_perftune("query", "--top", "2", "--history"), 2)

    def test_hostile_names_are_shown_and_never_executed(self):
        name = "x'; DROP TABLE winners; --\n<b>\x1b[31m,\"q\""
        self.import_cache(kernel_name=name)
        (row,) = self.query("--columns", "operator")
        self.assertEqual(row["operator"], name)
        self.assertNotIn("\x1b", self.expect(self.run_perftune("query"), 0).stdout)
        result = self.expect(self.run_perftune("query", "--format", "csv", "--columns", "operator"), 0)
        self.assertEqual(list(csv.reader(io.StringIO(result.stdout, newline="")))[1], [name])
        self.assertEqual(len(self.query(f"operator={name}")), 1)

    def test_export_round_trip_and_bundles_of_formats(self):
        self.import_cache()
        t4 = self.json(self.run_perftune("db", "export", "--format", "t4"))
        self.assertEqual(sorted(r["invalidity"] for r in t4["results"]), ["constraints", "correct", "correct"])
        out = self.home / "out.json"
        self.expect(self.run_perftune("db", "export", "--format", "kernel-tuner", "-o", out), 0)
        again = json.loads(out.read_text())
        self.assertEqual({k: v["time"] for k, v in again["cache"].items()}, {"16": 2.0, "32": 1.5, "64": "InvalidConfig"})
        rows = list(csv.DictReader(io.StringIO(self.expect(self.run_perftune("db", "export", "--format", "csv"), 0).stdout)))
        self.assertEqual(len(rows), 3)
        self.expect_error(self.run_perftune("db", "export", "operator=none"), 2, "nothing to export")

    def test_gzipped_files_and_wrong_ones(self):
        path = self.home / "cache.json.gz"
        path.write_bytes(gzip.compress(json.dumps(CACHE).encode()))
        self.expect(self.run_perftune("db", "import", path), 0)
        self.expect_error(self.run_perftune("db", "import", self.write("bad.json", "{}")), 2, "bad.json", "Kernel Tuner")
        self.expect_error(self.run_perftune("db", "import", "none.json"), 2, "none.json")

    def test_merge_is_idempotent(self):
        self.import_cache()
        other = self.home / "other.db"
        result = self.run_perftune("db", "merge", self.store, "--db", other, "--json")
        self.assertEqual(self.json(result)["merged"][0]["added"]["measurements"], 3)
        result = self.run_perftune("db", "merge", self.store, "--db", other, "--json")
        self.assertEqual(self.json(result)["merged"][0]["added"]["measurements"], 0)
        self.expect_error(self.run_perftune("db", "merge", self.home / "none.db"), 5, "none.db")

    def test_prune_keeps_the_winner(self):
        self.import_cache()
        self.expect_error(self.run_perftune("db", "prune"), 2, "--failures")
        dry = self.json(self.run_perftune("db", "prune", "--older-than", "1", "--dry-run", "--json"))
        self.assertEqual(dry["removed"]["measurements"], 2)
        self.assertEqual(len(self.query("--history")), 3)
        self.expect(self.run_perftune("db", "prune", "--older-than", "1", "--compact"), 0)
        self.assertEqual(len(self.query("--history")), 1)
        self.assertEqual(len(self.query()), 1)
        self.expect(self.run_perftune("db", "verify"), 0)

    def test_views_are_there_for_others(self):
        self.import_cache()
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True) as store:
            rows = store.execute("SELECT operator, dims, measured_us, basis FROM winner_rows").fetchall()
            count = store.execute("SELECT count(*) FROM measurement_rows WHERE outcome = 'timed'").fetchone()
        self.assertEqual(rows, [("Xgemm", '{"x":64,"y":32}', 1500.0, "measured")])
        self.assertEqual(count, (2,))

    def test_a_trigger_from_elsewhere_is_refused(self):
        self.import_cache()
        with sqlite3.connect(self.store) as store:
            store.execute("CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM measurements; END")
        before = self.store.read_bytes()
        self.expect_error(self.run_perftune("query"), 5, "unexpected trigger", "evil")
        self.assertEqual(self.store.read_bytes(), before)
