#!/usr/bin/env python3
"""A message costs no allocation and no futex call, seen from outside: `kelp bench bus -n 2N` makes as many
of them as `-n N`.

usage: steady_state.py KELP COUNT_MALLOC_LIBRARY
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

KELP, COUNTER = sys.argv[1:3]
MESSAGES = 30_000
RUNS = [["--mode", mode, "--size", size] for mode in ("same", "fanout") for size in ("64", "1024")]
RUNS.append(["--mode", "threads", "--size", "64"])

passed, failed = 0, 0


def bench(count, *args, prefix=(), **environment):
    command = [*prefix, KELP, "bench", "bus", "-n", str(count), *args]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, env=os.environ | environment)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stderr}")
    return result


def malloc_calls(count, *args):
    with tempfile.TemporaryDirectory() as folder:
        told = pathlib.Path(folder, "count")
        bench(count, *args, LD_PRELOAD=COUNTER, KELP_MALLOC_COUNT=str(told))
        return int(told.read_text())


def futex_calls(count, *args):
    with tempfile.TemporaryDirectory() as folder:
        told = pathlib.Path(folder, "count")
        bench(count, *args, prefix=["strace", "-f", "-c", "-e", "trace=futex", "-o", str(told)])
        line = re.search(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\b.*\bfutex$", told.read_text(), re.MULTILINE)
        return int(line[1]) if line else 0


def equal(what, measure, args):
    global passed, failed
    once, twice = measure(MESSAGES, *args), measure(2 * MESSAGES, *args)
    verdict = "as many" if once == twice else "NOT as many"
    print(f"{what} of bench bus {' '.join(args)}: {once} for {MESSAGES} messages, {twice} for twice that: {verdict}")
    if once == twice:
        passed += 1
    else:
        failed += 1


def can_trace():
    if shutil.which("strace") is None:
        return False
    # Where ptrace is denied strace cannot start.
    return subprocess.run(["strace", "-f", "-c", "-o", os.devnull, "true"], capture_output=True).returncode == 0


assert malloc_calls(1) > 0, "the counter counts nothing"
for run in RUNS:
    equal("malloc calls", malloc_calls, run)
if can_trace():
    for run in RUNS:
        equal("futex calls", futex_calls, run)
else:
    print("futex calls were not counted: there is no strace, or it may not trace")
print(f"kelp-cases: {passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
