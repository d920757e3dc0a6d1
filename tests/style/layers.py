#!/usr/bin/env python3
"""Who may include whom: the table of src/README.md, for sources, their unit tests and public headers.

A public header belongs to the part that has a source of the same name, else to `values`. A part may
include what its row names and what those may include in turn. Transports stand on the interface, the
broker and what is below; the command and examples only on public headers.
"""
import re
import sys

import house

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
ROW = re.compile(r"^\| (\w+) \|[^|]*\| ([^|]*) \|$", re.MULTILINE)
TRANSPORTS = {"broker", "routing", "message", "transport", "values", "util"}
UMBRELLA = "kelp/kelp.hpp"


def allowed_parts(readme):
    """{part: every part it may include}, the closure of the table."""
    rows = {part: set(re.findall(r"\w+", names)) for part, names in ROW.findall(readme)}
    allowed = {part: {name for name in names if name in rows} | {part} for part, names in rows.items()}
    for _ in rows:
        for part in allowed:
            allowed[part] |= set().union(*(allowed[name] for name in allowed[part]))
    if "cli" in allowed:
        allowed["cli"] = set(rows)
    return allowed


def check(files):
    allowed = allowed_parts(files.get("src/README.md", ""))
    owner = {}
    for path in files:
        if match := re.fullmatch(r"src/(\w+)/(\w+)\.cpp", path):
            owner.setdefault(f"kelp/{match[2]}.hpp", match[1])
    complaints = []
    for path, text in files.items():
        if path.endswith(".md"):
            continue
        public = path.startswith("include/")
        folder = path.split("/")[1]
        if public:
            part = owner.get(path.removeprefix("include/"), "values")
        elif path.startswith("tests/unit/"):
            part = path.split("/")[2]
        else:
            part = folder
        may = TRANSPORTS if path.startswith("transports/") else allowed.get(part)
        if may is None:
            complaints.append(f"{path}: the table in src/README.md has no part {part!r}")
            continue
        for quote, name in INCLUDE.findall(text):
            top = name.split("/")[0]
            if public and (quote == '"' or ("/" in name and top not in ("kelp", "nlohmann"))):
                complaints.append(f"{path}: a public header includes only public and standard headers, not {name}")
            elif quote == '"' and part == "cli" and top != "cli" and not path.startswith("tests/"):
                complaints.append(f"{path}: the command uses public headers only, not {name}")
            elif quote == '"' and top != folder and top in allowed and top not in may:
                complaints.append(f"{path}: {part} may not include {name}")
            elif name == UMBRELLA and part != "cli":
                complaints.append(f"{path}: includes the umbrella header; name what is needed")
            elif name.startswith("kelp/") and path != "include/" + UMBRELLA and owner.get(name, "values") not in may:
                complaints.append(f"{path}: {part} may not include {name}, which belongs to {owner[name]}")
    return complaints


TABLE = {"src/README.md": "| util | x | the standard library |\n| values | x | nothing |\n| routing | x | util, values |\n"
                          "| messaging | x | routing |\n| cli | x | everything public |\n",
         "src/messaging/connection.cpp": ""}
GOOD = TABLE | {"src/messaging/a.cpp": '#include <kelp/error.hpp>\n#include "util/b.hpp"\n',
                "include/kelp/connection.hpp": "#include <vector>\n#include <kelp/error.hpp>\n",
                "include/kelp/kelp.hpp": "#include <kelp/connection.hpp>\n"}
BAD = [TABLE | sample for sample in (
    {"src/util/a.cpp": '#include "routing/b.hpp"\n'},
    {"src/routing/a.hpp": "#include <kelp/connection.hpp>\n"},
    {"src/messaging/a.hpp": "#include <kelp/kelp.hpp>\n"},
    {"include/kelp/a.hpp": '#include "util/b.hpp"\n'},
    {"include/kelp/a.hpp": "#include <concurrentqueue/concurrentqueue.h>\n"},
    {"include/kelp/error.hpp": "#include <kelp/connection.hpp>\n"},
    {"src/cli/a.cpp": '#include "util/b.hpp"\n'},
    {"transports/memory/a.cpp": '#include "messaging/b.hpp"\n'},
    {"tests/unit/util/a_test.cpp": '#include "routing/b.hpp"\n'},
    {"src/other/a.cpp": ""},
)]

house.run(check, house.read(sys.argv[1], "src/README.md", "src/*/*.[ch]pp", "include/kelp/*.hpp",
                            "transports/*/*.[ch]pp", "tests/unit/*/*.[ch]pp"), GOOD, BAD)
