#!/usr/bin/env python3
"""Who may include whom: the table of src/README.md, for sources, their unit tests and public headers.

A part may include what its row names, what those may include in turn, and the public headers of all of
these; `<kelp/x.hpp>` in a row allows that header alone. Transports stand on the interface, the broker and
what is below. The umbrella header is for users, so only the command and outside programs may include it.
"""
import re
import sys

import house

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
ROW = re.compile(r"^\| (\w+) \|[^|]*\|([^|]*)\|([^|]*)\|$", re.MULTILINE)
TRANSPORTS = ("transport", "broker")
UMBRELLA = "kelp/kelp.hpp"


class Table:
    def __init__(self, readme):
        rows = {part: (may, headers) for part, may, headers in ROW.findall(readme) if part != "folder"}
        self.owner = {f"kelp/{name}.hpp": part for part, (_, names) in rows.items() for name in re.findall(r"\w+", names)}
        self.extra = {part: set(re.findall(r"<([\w/.]+)>", may)) for part, (may, _) in rows.items()}
        self.may = {part: {part} | {word for word in re.findall(r"\w+", re.sub(r"<.*?>", "", may)) if word in rows}
                    for part, (may, _) in rows.items()}
        for _ in rows:
            for part, names in self.may.items():
                names |= set().union(*(self.may[name] for name in names))
        self.may["transports"] = set().union(*(self.may.get(part, set()) for part in TRANSPORTS))

    def allows_header(self, part, header):
        return self.owner[header] in self.may[part] or header in self.extra.get(part, ())


def part_of(path, table):
    words = path.split("/")
    if words[0] == "include":
        return table.owner.get(path.removeprefix("include/"))
    return {"tests": words[2], "transports": "transports"}.get(words[0], words[1])


def check(files):
    table = Table(files.get("src/README.md", ""))
    complaints = []
    for path, text in files.items():
        if path.endswith(".md") or path == "include/" + UMBRELLA:
            continue
        part = part_of(path, table)
        if part not in table.may:
            complaints.append(f"{path}: belongs to no part in the table of src/README.md")
            continue
        for quote, name in INCLUDE.findall(text):
            top = name.split("/")[0]
            if path.startswith("include/") and (quote == '"' or ("/" in name and top not in ("kelp", "nlohmann"))):
                complaints.append(f"{path}: a public header includes only public and standard headers, not {name}")
            elif name == UMBRELLA:
                if part != "cli":
                    complaints.append(f"{path}: includes the umbrella header; name what is needed")
            elif top == "kelp":
                if name not in table.owner:
                    complaints.append(f"{path}: includes {name}, which belongs to no part")
                elif not table.allows_header(part, name):
                    complaints.append(f"{path}: {part} may not include {name}, which belongs to {table.owner[name]}")
            elif quote == '"' and top in table.may and top not in table.may[part]:
                complaints.append(f"{path}: {part} may not include {name}")
    return complaints


TABLE = {"src/README.md": "| folder | what | may include | headers |\n| values | x | nothing | error |\n| util | x | values | |\n"
                          "| routing | x | util | |\n| broker | x | routing | broker |\n| transport | x | util | |\n"
                          "| messaging | x | transport, `<kelp/broker.hpp>` | connection |\n| cli | x | messaging | |\n"}
GOOD = TABLE | {"src/messaging/a.cpp": '#include <kelp/error.hpp>\n#include "util/b.hpp"\n#include <kelp/broker.hpp>\n',
                "include/kelp/connection.hpp": "#include <vector>\n#include <kelp/error.hpp>\n",
                "include/kelp/kelp.hpp": "#include <kelp/connection.hpp>\n",
                "src/cli/a.cpp": '#include <kelp/kelp.hpp>\n#include "cli/b.hpp"\n',
                "transports/memory/a.cpp": '#include "broker/b.hpp"\n'}
BAD = [TABLE | {path: text} for path, text in (
    ("src/util/a.cpp", '#include "routing/b.hpp"\n'),
    ("src/routing/a.hpp", "#include <kelp/connection.hpp>\n"),
    ("src/messaging/a.hpp", '#include "broker/b.hpp"\n'),
    ("src/messaging/a.hpp", "#include <kelp/kelp.hpp>\n"),
    ("src/messaging/a.hpp", "#include <kelp/unknown.hpp>\n"),
    ("include/kelp/connection.hpp", '#include "util/b.hpp"\n'),
    ("include/kelp/connection.hpp", "#include <concurrentqueue/concurrentqueue.h>\n"),
    ("include/kelp/error.hpp", "#include <kelp/connection.hpp>\n"),
    ("include/kelp/unknown.hpp", ""),
    ("src/cli/a.cpp", '#include "broker/b.hpp"\n'),
    ("transports/memory/a.cpp", '#include "messaging/b.hpp"\n'),
    ("tests/unit/util/a_test.cpp", '#include "routing/b.hpp"\n'),
    ("src/other/a.cpp", ""),
)]

house.run(check, house.read(sys.argv[1], "src/README.md", "src/*/*.[ch]pp", "include/kelp/*.hpp",
                            "transports/*/*.[ch]pp", "tests/unit/*/*.[ch]pp"), GOOD, BAD)
