#!/usr/bin/env python3
"""tools/count.py itself: what it must count as failed. count.py ROOT"""
import pathlib
import sys

import house

sys.path.insert(0, str(pathlib.Path(sys.argv[1], "tools")))
import count  # noqa: E402  (the module, found by the line above)

CASES = "noise\nkelp-cases: 3 passed, 0 failed\n"
WANTED = {
    ("OK", CASES): (3, 0, 0),
    ("OK", CASES + CASES): (6, 0, 0),
    ("OK", ""): (0, 1, 0),
    ("OK", "kelp-cases: 0 passed, 0 failed\n"): (0, 1, 0),
    ("OK", "kelp-cases: 1 passed, 2 failed\n"): (1, 2, 0),
    ("FAIL", "kelp-cases: 1 passed, 2 failed\n"): (1, 2, 0),
    ("FAIL", CASES): (3, 1, 0),
    ("FAIL", ""): (0, 1, 0),
    ("TIMEOUT", ""): (0, 1, 0),
    ("ERROR", ""): (0, 1, 0),
    ("UNEXPECTEDPASS", CASES): (3, 1, 0),
    ("INTERRUPT", CASES): (3, 1, 0),
    ("SKIP", ""): (0, 0, 1),
}


def check(table):
    return [f"{result} {text!r}: {count.judge({'name': 'x', 'result': result, 'stdout': text})[:3]}, not {wanted}"
            for (result, text), wanted in table.items()
            if count.judge({"name": "x", "result": result, "stdout": text})[:3] != wanted]


house.run(check, WANTED, {}, [{("OK", ""): (1, 0, 0)}])
