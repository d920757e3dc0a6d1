#!/usr/bin/env python3
"""Adds up the test logs of build directories; the last line is `N passed, N failed`.

Every test program prints `kelp-cases: N passed, N failed`. One failure is counted for a program that
timed out, failed or passed against expectation, or ended well without having run a case, unless its own
count tells of failures; and for a directory without a test log (its build failed).
"""
import json
import pathlib
import re
import sys

CASES = re.compile(r"^kelp-cases: (\d+) passed, (\d+) failed$", re.MULTILINE)


def judge(test):
    """(passed, failed, skipped, complaint) of one line of the log."""
    counts = CASES.findall(test.get("stdout") or "")
    passed = sum(int(p) for p, _ in counts)
    failed = sum(int(f) for _, f in counts)
    result = test["result"]
    if result == "SKIP":
        return passed, failed, 1, None
    if result != "OK":
        return passed, max(failed, 1), 0, result.lower()
    if failed > 0:
        return passed, failed, 0, "failed cases, but a good exit status"
    if passed == 0:
        return 0, 1, 0, "ran no case"
    return passed, 0, 0, None


def add_up(directory):
    """[passed, failed, skipped] of a build directory; complaints are printed."""
    log = pathlib.Path(directory, "meson-logs", "testlog.json")
    if not log.exists():
        print(f"  {directory}: no tests ran (did the build fail?)")
        return [0, 1, 0]
    total = [0, 0, 0]
    for line in log.read_text(errors="replace").splitlines():
        test = json.loads(line)
        *counts, complaint = judge(test)
        total = [a + b for a, b in zip(total, counts)]
        if complaint:
            print(f"  {directory}: {test['name']}: {complaint}")
    if total == [0, 0, 0]:
        print(f"  {directory}: no test matched")
        total[1] = 1
    print(f"  {directory}: {total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return total


def main(directories):
    total = [sum(column) for column in zip([0, 1, 0] if not directories else [0, 0, 0], *map(add_up, directories))]
    print(f"{total[0]} passed, {total[1]} failed" + (f", {total[2]} skipped" if total[2] else ""))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
