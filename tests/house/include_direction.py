"""Reads every #include of the house and fails on one that goes against the layering.

Usage: include_direction.py SOURCE_DIR
Layers may skip but never turn round: cli -> models -> tuner -> profiler -> executor -> db -> codegen ->
recipes, with costmodel beside, seen by tuner and cli only and seeing codegen and recipes only.
"""
import pathlib
import re
import sys

ALLOWED = {
    "recipes": {"recipes"},
    "codegen": {"codegen", "recipes"},
    "costmodel": {"costmodel", "codegen", "recipes"},
    "db": {"db", "codegen", "recipes"},
    "executor": {"executor", "db", "codegen", "recipes"},
    "profiler": {"profiler", "executor", "db", "codegen", "recipes"},
    "tuner": {"tuner", "costmodel", "profiler", "executor", "db", "codegen", "recipes"},
    "models": {"models", "tuner", "costmodel", "profiler", "executor", "db", "codegen", "recipes"},
    "cli": {"cli", "models", "tuner", "costmodel", "profiler", "executor", "db", "codegen", "recipes"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def violations(root: pathlib.Path):
    for folder, allowed in ALLOWED.items():
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in {".cpp", ".hpp", ".h"} or "device" in path.parts:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                first = match.group(1).split("/")[0]
                if first in ALLOWED and first not in allowed:
                    yield f"{path.relative_to(root)}:{number}: {folder} may not include {first}"


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    seen = sum(1 for f in ALLOWED for p in (root / f).rglob("*.hpp"))
    bad = list(violations(root))
    print("\n".join(bad) or f"include directions hold in {seen} headers")
    return 1 if bad or seen < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
