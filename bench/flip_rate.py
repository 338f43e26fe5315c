#!/usr/bin/env python3
"""How often repeated tunes with one seed name another winner without reporting the tie.

    bench/flip_rate.py [--perftune PATH] [--repeats 20] [--runs FILE.jsonl] [--seconds S] FILE [tune options]

FILE holds one operator or a suite; the options are those of tune, e.g. --cpu or --gpu local. Each repeat
is a whole tune into a store of its own. Winners are compared by kernel id, pair by pair: a pair flips when
the winners differ and neither run lists the other's winner among its ties. Prints one line per repeat and
operator, then per operator what was named and how often it flipped; exits 1 when a tune fails.

With --runs, what was tuned is kept, and the next call with that file goes on where this one ended: a
machine that is quiet for a minute at a time (--seconds) is enough.
"""
import argparse
import itertools
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def tune(perftune, file, options):
    """Per operator what one tune named: a line of --runs."""
    with tempfile.TemporaryDirectory() as folder:
        command = [perftune, "tune", file, *options, "--json", "--db", f"{folder}/store.db"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr.strip()}")
    return [{"operator": result["operator"], "best": result["best"], "ties": result["ties"],
             "seconds": result["seconds"]["total"], **winner_of(result)} for result in json.loads(done.stdout)["results"]]


def winner_of(result):
    winner = next(c for c in result["candidates"] if c["kernel"] == result["best"])
    return {"us": winner["measured_us"], "program": winner["program"]}


def flips(one, other):
    same = one["best"] == other["best"]
    return not same and one["best"] not in other["ties"] and other["best"] not in one["ties"]


def show(number, entry):
    us = "-" if entry["us"] is None else f"{entry['us']:.2f} us"
    print(f"{number:3}  {entry['operator']:24} {entry['best'][:12]}  {us:>14}  {len(entry['ties'])} ties  "
          f"{entry['seconds']:.1f} s  {entry['program']}", flush=True)


def summary(runs):
    """The last lines: per operator, then of all pairs."""
    all_flipped, all_pairs, lines = 0, 0, []
    for entries in zip(*runs):
        pairs = list(itertools.combinations(entries, 2))
        flipped = sum(flips(one, other) for one, other in pairs)
        names = len({entry["best"] for entry in entries})
        times = [entry["us"] for entry in entries if entry["us"] is not None]
        spread = f"; times {min(times):.1f} to {max(times):.1f} us, median {statistics.median(times):.1f}" if times else ""
        lines.append(f"{entries[0]['operator']}: {names} winner{'s' * (names > 1)} named in {len(entries)} tunes; "
                     f"{flipped} of {len(pairs)} pairs flip{spread}")
        all_flipped, all_pairs = all_flipped + flipped, all_pairs + len(pairs)
    return [*lines, f"winner-flip rate: {all_flipped} of {all_pairs} pairs ({100 * all_flipped / all_pairs:.1f} %)"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--perftune", default="build/release/perftune")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--runs", type=pathlib.Path, help="keep the runs here, and go on from those that it holds")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no tune after that many")
    parser.add_argument("file")
    arguments, options = parser.parse_known_args()
    if arguments.repeats < 2:
        parser.error("--repeats takes 2 or more")
    runs, start = [], time.monotonic()
    if arguments.runs and arguments.runs.exists():
        runs = [json.loads(line) for line in arguments.runs.read_text().splitlines()]
    for number, run in enumerate(runs, 1):
        for entry in run:
            show(number, entry)
    while len(runs) < arguments.repeats and time.monotonic() - start < arguments.seconds:
        run = tune(arguments.perftune, arguments.file, options)
        runs.append(run)
        if arguments.runs:
            with arguments.runs.open("a") as kept:
                kept.write(json.dumps(run) + "\n")
        for entry in run:
            show(len(runs), entry)
    if len(runs) < 2:
        sys.exit("flip_rate: one run only; call again with the same --runs")
    print("\n".join(summary(runs)))


if __name__ == "__main__":
    main()
