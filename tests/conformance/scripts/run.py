#!/usr/bin/env python3
"""Runs every script beside it and compares the answers with the kept ones: run.py KELP [--url URL] [NAME...]

NAME.jsonl has operations for `kelp script`, NAME.out the answers without "text", which differs between
brokers. `--write` keeps the answers of this run: read them before they are committed. On a broker that
other runs have used, a script finds what they left: give every run a fresh one."""
import argparse
import difflib
import json
import pathlib
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("kelp")
parser.add_argument("names", nargs="*")
parser.add_argument("--url")
parser.add_argument("--write", action="store_true")
options = parser.parse_args()
folder = pathlib.Path(__file__).parent
passed = failed = 0
for script in sorted(folder.glob("*.jsonl")):
    if options.names and script.stem not in options.names:
        continue
    url = ["--url", options.url] if options.url else []
    run = subprocess.run([options.kelp, "script", str(script), *url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    lines = [json.dumps({name: value for name, value in answer.items() if name != "text"}) for answer in answers]
    kept = script.with_suffix(".out")
    if options.write:
        kept.write_text("".join(line + "\n" for line in lines))
    problems = list(difflib.unified_diff(kept.read_text().splitlines(), lines, kept.name, "answers", lineterm=""))
    if run.returncode != 0:
        problems.append(f"exit code {run.returncode}: {run.stderr.decode(errors='replace')}")
    if not lines:
        problems.append("a script without answers shows nothing")
    if problems:
        failed += 1
        print(f"FAILED: {script.name}", *problems, sep="\n")
    else:
        passed += 1
print(f"kelp-cases: {passed} passed, {failed} failed")
sys.exit(1 if failed or not passed else 0)
