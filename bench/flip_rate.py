#!/usr/bin/env python3
"""How often repeated tunes with one seed name another winner without reporting the tie.

    bench/flip_rate.py [--perftune PATH] [--repeats 20] FILE [tune options, e.g. --cpu or --gpu local]

Each repeat is a whole tune into a store of its own. Winners are compared by kernel id, pair by
pair: a pair flips when the winners differ and neither run lists the other's winner among its ties.
Prints one line per repeat and the flip rate; exits 1 when a tune fails.
"""
import argparse
import itertools
import json
import subprocess
import sys
import tempfile


def tune(perftune, file, options, store):
    command = [perftune, "tune", file, *options, "--json", "--db", store]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr.strip()}")
    return json.loads(done.stdout)["results"][0]


def flips(one, other):
    same = one["best"] == other["best"]
    return not same and one["best"] not in other["ties"] and other["best"] not in one["ties"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--perftune", default="build/release/perftune")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("file")
    arguments, options = parser.parse_known_args()
    if arguments.repeats < 2:
        parser.error("--repeats takes 2 or more")
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for i in range(arguments.repeats):
            run = tune(arguments.perftune, arguments.file, options, f"{folder}/{i}.db")
            runs.append(run)
            winner = next(c for c in run["candidates"] if c["kernel"] == run["best"])
            time = winner["measured_us"]
            print(f"{i + 1:3}  {run['best'][:12]}  {'-' if time is None else f'{time:.2f} us':>14}"
                  f"  {len(run['ties'])} ties  {run['seconds']['total']:.1f} s  {winner['program']}",
                  flush=True)
    pairs = list(itertools.combinations(runs, 2))
    flipped = sum(flips(one, other) for one, other in pairs)
    names = len({run["best"] for run in runs})
    print(f"{names} winners named in {len(runs)} tunes; {flipped} of {len(pairs)} pairs flip "
          f"({100 * flipped / len(pairs):.0f} %)")


if __name__ == "__main__":
    main()
