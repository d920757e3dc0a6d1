#!/usr/bin/env python3
"""README.md's table of transports is what the command prints: transports.py ROOT KELP"""
import pathlib
import re
import subprocess
import sys

import house

root, kelp = sys.argv[1:]
MARKS = re.compile(r"<!-- transports:begin -->\n(.*?)<!-- transports:end -->", re.DOTALL)


def check(documents):
    """documents: {path: (its text, the table it must have)}"""
    complaints = []
    for path, (text, wanted) in documents.items():
        found = MARKS.search(text)
        if not found or found[1].strip() != wanted.strip() or not wanted.strip():
            complaints.append(f"{path}: the table differs from what `kelp transports --markdown` prints:\n{wanted}")
    return complaints


printed = subprocess.run([kelp, "transports", "--markdown"], check=True, stdout=subprocess.PIPE, text=True).stdout
TEXT = "<!-- transports:begin -->\n| a |\n<!-- transports:end -->\n"
house.run(check, {"README.md": (pathlib.Path(root, "README.md").read_text(), printed)},
          {"README.md": (TEXT, "| a |\n")}, [{"README.md": (TEXT, "| b |\n")}, {"README.md": ("", "| a |\n")},
                                             {"README.md": (TEXT.replace("| a |\n", ""), "")}])
