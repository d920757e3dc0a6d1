#!/usr/bin/env python3
"""Runs an example and compares what it prints with a file: run.py PROGRAM EXPECTED"""
import difflib
import pathlib
import subprocess
import sys

program, expected = sys.argv[1:]
run = subprocess.run([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
wanted = pathlib.Path(expected).read_text()
problems = list(difflib.unified_diff(wanted.splitlines(), run.stdout.splitlines(), "expected", "printed", lineterm=""))
if run.returncode != 0:
    problems.append(f"exit status {run.returncode}")
if not wanted:
    problems.append(f"{expected} is empty: an example shows something")
print("\n".join(problems))
print(f"kelp-cases: {int(not problems)} passed, {int(bool(problems))} failed")
sys.exit(bool(problems))
