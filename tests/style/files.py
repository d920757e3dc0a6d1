#!/usr/bin/env python3
"""Sizes and places of files: small headers, one idea a file, tests that mirror the sources."""
import re
import sys

import house

PUBLIC_LINES, OTHER_LINES = 250, 400


def check(files):
    complaints = []
    for path, text in files.items():
        if not path.endswith((".cpp", ".hpp")):
            continue
        limit = PUBLIC_LINES if path.startswith("include/") else OTHER_LINES
        if text.count("\n") > limit:
            complaints.append(f"{path}: {text.count(chr(10))} lines, {limit} are allowed: two ideas?")
        if path.endswith(".hpp") and "#pragma once\n" not in text:
            complaints.append(f"{path}: has no `#pragma once`")
        if not text.endswith("\n") or "\t" in text or re.search(r"[ \t]+$", text, re.MULTILINE):
            complaints.append(f"{path}: tab, space at the end of a line, or no end of line at the end")

    public = {path.removeprefix("include/") for path in files if path.startswith("include/") and path.endswith(".hpp")}
    listed = set(re.findall(r"'(kelp/[\w/]+\.hpp)'", files.get("include/meson.build", "")))
    umbrella = set(re.findall(r"#include <(kelp/[\w/]+\.hpp)>", files.get("include/kelp/kelp.hpp", ""))) | {"kelp/kelp.hpp"}
    complaints += [f"include/meson.build: {name} is listed or there, not both" for name in sorted(public ^ listed)]
    complaints += [f"include/kelp/kelp.hpp: does not include {name}" for name in sorted(public - umbrella)]

    parts = {m[1] for path in files if (m := re.fullmatch(r"src/(\w+)/.*\.cpp", path))}
    tested = {m[1] for path in files if (m := re.fullmatch(r"tests/unit/(\w+)/.*_test\.cpp", path))}
    complaints += [f"tests/unit: src/{part} has no tests" for part in sorted(parts - tested)]
    complaints += [f"tests/unit/{part}: there is no src/{part}" for part in sorted(tested - parts)]

    examples = {path for path in files if re.fullmatch(r"examples/\w+\.cpp", path)}
    complaints += [f"{path}: has no .expected file" for path in sorted(examples) if path[:-4] + ".expected" not in files]
    run = re.findall(r"'(\w+)'", (re.findall(r"^examples = \[(.*?)\]", files.get("tests/examples/meson.build", ""),
                                             re.MULTILINE | re.DOTALL) or [""])[0])
    complaints += [f"tests/examples/meson.build: does not run {path}" for path in sorted(examples) if path[9:-4] not in run]
    return complaints


GOOD = {"include/kelp/kelp.hpp": "#pragma once\n#include <kelp/a.hpp>\n", "include/kelp/a.hpp": "#pragma once\n",
        "include/meson.build": "'kelp/kelp.hpp', 'kelp/a.hpp'", "src/util/a.cpp": "\n", "tests/unit/util/a_test.cpp": "\n",
        "examples/one.cpp": "\n", "examples/one.expected": "1\n", "tests/examples/meson.build": "examples = ['one']\n"}
BAD = [GOOD | {path: text} for path, text in (
    ("include/kelp/a.hpp", "#pragma once\n" + "\n" * 250),
    ("src/util/b.cpp", "\n" * 401),
    ("src/util/b.hpp", "int b;\n"),
    ("src/util/b.cpp", "int b; \n"),
    ("include/kelp/b.hpp", "#pragma once\n"),
    ("include/meson.build", "'kelp/kelp.hpp'"),
    ("include/kelp/kelp.hpp", "#pragma once\n"),
    ("src/other/a.cpp", "\n"),
    ("tests/unit/other/a_test.cpp", "\n"),
    ("examples/two.cpp", "\n"),
    ("tests/examples/meson.build", "examples = []\n"),
)]

house.run(check, house.read(sys.argv[1], "include/**/*", "src/**/*.[ch]pp", "transports/**/*.[ch]pp", "tests/**/*.[ch]pp",
                            "fuzz/*.[ch]pp", "bench/**/*.[ch]pp", "examples/*", "tests/examples/meson.build"), GOOD, BAD)
