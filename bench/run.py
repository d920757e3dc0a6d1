#!/usr/bin/env python3
"""Runs every benchmark of a build directory and shows a table: run.py BUILD [--json FILE] [NAME...]

A benchmark prints one JSON object a line: name, value, unit, and baseline, ratio, target, ok where there
is something to compare with. With --json they are written as one array. NAME chooses benchmarks by a part
of their name. The exit status tells whether every program ran, not whether targets were met.
"""
import argparse
import json
import subprocess
import sys

COLUMNS = ("name", "value", "unit", "baseline", "ratio", "target", "ok")


def cell(value):
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10000 else f"{value:,.0f}"
    return "" if value is None else str(value)


def show(rows):
    table = [COLUMNS] + [[cell(row.get(column)) for column in COLUMNS] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table)]
    for row in table:
        print("  ".join(text.ljust(width) if i in (0, 2, 3) else text.rjust(width)
                        for i, (text, width) in enumerate(zip(row, widths))).rstrip())


def main():
    arguments = argparse.ArgumentParser(description="Runs the benchmarks of a build directory.")
    arguments.add_argument("build")
    arguments.add_argument("--json", metavar="FILE")
    arguments.add_argument("names", nargs="*")
    chosen = arguments.parse_args()
    known = json.loads(subprocess.check_output(["meson", "introspect", "--benchmarks", chosen.build]))
    rows, failures = [], []
    for bench in sorted(known, key=lambda bench: bench["name"]):
        if chosen.names and not any(name in bench["name"] for name in chosen.names):
            continue
        print(f"running {bench['name']}", file=sys.stderr)
        run = subprocess.run(bench["cmd"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
        rows += lines
        if run.returncode != 0 or not lines:
            failures.append(f"{bench['name']}: exit status {run.returncode}, {len(lines)} results")
    show(rows)
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    if not rows:
        failures.append("no benchmark ran")
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
