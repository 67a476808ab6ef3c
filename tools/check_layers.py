#!/usr/bin/env python3
"""Checks the laws of the house, see docs/architecture.md. Usage: check_layers.py [ROOT]

1. Includes point downwards only; of search/, learning/ and persistence/ none includes another.
2. One library, one home: each of the large libraries is included in its own folder only.
3. Each folder has its own namespace; core/ and data/ have qstar itself.
4. No source file is longer than 400 lines.

Prints one line per violation, `file:line: what is wrong`, and exits with 1 when there is any.
"""
import re
import sys
from pathlib import Path

MAX_LINES = 400

BASE = {"core", "data", "environment", "model"}
PARTS = {"inference", "search", "learning", "persistence"}
LEADING = {"experiment", "serving"}
BUILT = BASE | PARTS | LEADING | {"actors"}
# What each folder may include beside itself.
MAY_INCLUDE = {
    "core": set(),
    "data": {"core"},
    "environment": {"core", "data"},
    "model": {"core", "data"},
    "inference": BASE,
    "search": BASE,
    "learning": BASE | {"inference"},
    "persistence": BASE,
    "serving": BASE | PARTS,
    "experiment": BASE | PARTS,
    "actors": BASE | PARTS | LEADING,
    "cli": BUILT,
    "examples": BUILT,
    "benchmarks": BUILT | {"tests"},
    "tests": BUILT | {"cli"},
}

# A pattern of include paths, and the folders where the library may be used. Tests and benchmarks
# may use what they test and compare with.
HOMES = [
    (r"(torch|ATen|c10)/", ["learning/nn", "tests", "benchmarks"], "LibTorch"),
    (r"caf/", ["actors", "cli", "tests", "benchmarks"], "CAF"),
    (r"rocksdb/", ["persistence", "tests", "benchmarks"], "RocksDB"),
    (r"boost/(asio|beast)(/|\.hpp)", ["serving", "tests", "benchmarks"], "Boost.Asio"),
    (r"catch2/", ["tests"], "Catch2"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]')

OPENED = re.compile(r"^(?:inline )?namespace (qstar(?:::\w+)?)")


def home_violation(path, included):
    for pattern, homes, library in HOMES:
        if re.match(pattern, included) and not any(path.is_relative_to(h) for h in homes):
            return f"includes <{included}>: {library} is used in {', '.join(homes)} only"
    return None


def layer_violation(path, included):
    folder, target = path.parts[0], included.split("/")[0]
    if target not in MAY_INCLUDE or target == folder or target in MAY_INCLUDE[folder]:
        return None
    allowed = ", ".join(sorted(MAY_INCLUDE[folder])) or "nothing else"
    return f'includes "{included}": {folder}/ may include {allowed}'


def namespace_violation(path, line):
    folder, opened = path.parts[0], OPENED.match(line)
    if not opened or folder in {"examples", "benchmarks", "tests"}:
        return None
    if folder in {"core", "data"}:
        own, fits = "qstar", opened[1].split("::")[-1] not in MAY_INCLUDE
    else:
        own = f"qstar::{folder}"
        fits = opened[1] == own
    return None if fits else f"opens namespace {opened[1]}: {folder}/ has namespace {own}"


def violations(root):
    for folder in MAY_INCLUDE:
        for file in sorted((root / folder).rglob("*.[ch]pp")):
            path = file.relative_to(root)
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            if len(lines) > MAX_LINES:
                yield f"{path}:{MAX_LINES + 1}: has {len(lines)} lines; split it at {MAX_LINES}"
            for number, line in enumerate(lines, 1):
                if found := namespace_violation(path, line):
                    yield f"{path}:{number}: {found}"
                match = INCLUDE.match(line)
                if not match:
                    continue
                for check in (home_violation, layer_violation):
                    found = check(path, match[1])
                    if found:
                        yield f"{path}:{number}: {found}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    found = list(violations(root))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
