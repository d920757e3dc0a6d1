#!/usr/bin/env python3
"""What the documents say agrees with the tree: versions, snippets, links, the file map.

A C++ block of README.md stands under `<!-- examples/NAME.cpp -->` and equals that file, or under
`<!-- examples/NAME.cpp#PART -->` and equals what lies between its lines `// [PART]` and `// [/PART]`.
"""
import re
import sys
import textwrap

import house

BLOCK = re.compile(r"(?:<!-- (\S+?)(?:#(\w+))? -->\n)?```cpp\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)[^)\s]*\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)


def snippet(text, part):
    if part is None:
        return text
    found = re.search(rf"^ *// \[{part}\]\n(.*?)^ *// \[/{part}\]", text, re.MULTILINE | re.DOTALL)
    return textwrap.dedent(found[1]) if found else None


def check(files):
    complaints = []
    version = re.search(r"version: '([\d.]+)'", files["meson.build"])[1]
    header = files["include/kelp/version.hpp"]
    numbers = ".".join(re.findall(r"#define KELP_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header))
    if f'#define KELP_VERSION "{version}"' not in header or numbers != version:
        complaints.append(f"include/kelp/version.hpp: the project's version is {version}")
    if not re.search(rf"^## (Unreleased|\[?{re.escape(version)}\]?.*)\n(?:(?!## ).*\n)*?- ", files["CHANGELOG.md"], re.MULTILINE):
        complaints.append(f"CHANGELOG.md: has no entry for {version}, nor under Unreleased")

    for path, part, block in BLOCK.findall(files["README.md"]):
        source = snippet(files.get(path, ""), part or None)
        if not path:
            complaints.append(f"README.md: a C++ block names no example: {block.splitlines()[:1]}")
        elif source != block:
            complaints.append(f"README.md: a block differs from {path}{'#' + part if part else ''}")

    for document in (name for name in files if name.endswith(".md")):
        base = document.rsplit("/", 1)[0] + "/" if "/" in document else ""
        for link in LINK.findall(FENCE.sub("", files[document])):
            target = (base + link).rstrip("/")
            if not any(path == target or path.startswith(target + "/") for path in files):
                complaints.append(f"{document}: links to {link}, which is not there")

    parts = sorted({path.split("/")[1] for path in files if re.match(r"src/\w+/", path)})
    for document in ("src/README.md", "ARCHITECTURE.md"):
        complaints += [f"{document}: does not name src/{part}" for part in parts if not re.search(rf"\b{part}\b", files[document])]
    return complaints


GOOD = {"meson.build": "version: '1.2.3'", "README.md": "[a](src/README.md)\n<!-- examples/a.cpp -->\n```cpp\nint a;\n```\n"
        "<!-- examples/b.cpp#x -->\n```cpp\nint b;\n```\n", "CHANGELOG.md": "## 1.2.3\n\n### Added\n\n- A\n",
        "include/kelp/version.hpp": '#define KELP_VERSION "1.2.3"\n#define KELP_VERSION_MAJOR 1\n'
        "#define KELP_VERSION_MINOR 2\n#define KELP_VERSION_PATCH 3\n", "src/util/a.cpp": "", "src/README.md": "util",
        "ARCHITECTURE.md": "src/util", "examples/a.cpp": "int a;\n", "examples/b.cpp": "  // [x]\n  int b;\n  // [/x]\n"}
BAD = [GOOD | {path: text} for path, text in (
    ("meson.build", "version: '1.2.4'"),
    ("include/kelp/version.hpp", '#define KELP_VERSION "1.2.3"\n'),
    ("CHANGELOG.md", "## 1.2.2\n\n- A\n"),
    ("CHANGELOG.md", "## Unreleased\n\n## 1.2.2\n\n- A\n"),
    ("README.md", "```cpp\nint a;\n```\n"),
    ("examples/a.cpp", "int c;\n"),
    ("examples/b.cpp", "// [x]\nint c;\n// [/x]\n"),
    ("README.md", "[gone](docs/gone.md)"),
    ("ARCHITECTURE.md", ""),
)]

house.run(check, house.read(sys.argv[1], "*", "include/**/*", "src/**/*", "transports/**/*", "tests/**/*.*", "examples/*",
                            "bench/*", "bench/**/*.*", "docs/*", "fuzz/*", ".ci/run", "tools/*"), GOOD, BAD)
