#!/usr/bin/env python3
"""Every C++ file is as clang-format leaves it: format.py ROOT CLANG-FORMAT"""
import subprocess
import sys

import house

root, program = sys.argv[1:]


def check(files):
    complaints = []
    for path, text in files.items():
        formatted = subprocess.run([program, f"--assume-filename={root}/{path}"], input=text, check=True,
                                   stdout=subprocess.PIPE, text=True).stdout
        if formatted != text:
            complaints.append(f"{path}: run ./dev format")
    return complaints


house.run(check, house.read(root, *(f"{top}/**/*.[ch]pp" for top in (
    "include", "src", "transports", "tests", "fuzz", "bench", "examples"))), {"src/a.cpp": "int a;\n"}, [{"src/a.cpp": "int  a ;\n"}])
