#!/usr/bin/env python3
"""The built library: no start-up constructors, and no symbol that is not the public API's.

library.py LIBRARY COMPILER...: the samples are compiled with the project's compiler. binutils needed.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import house

PRIVATE = ("util", "message", "routing", "broker", "codec", "transport", "messaging", "recipes", "detail")


def tool(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def qualified_name(symbol):
    """`std::vector` of `std::vector<kelp::X>::push_back(...)`: without template arguments, types and parameters."""
    while (shorter := re.sub(r"<[^<>]*>", "", symbol)) != symbol:
        symbol = shorter
    return symbol.split("(")[0].split("[")[0].split(" ")[-1]


def check(libraries):
    complaints = []
    for path in libraries:
        sections = tool("readelf", "--section-headers", "--wide", path)
        complaints += [f"{path}: start-up constructor {name}"
                       for name in re.findall(r" t (_GLOBAL__sub_I_\S*)", tool("nm", path))]
        # crtbegin.o has one entry of its own, frame_dummy.
        for name, size in re.findall(r"\.(init_array|ctors)\s+\w+\s+\w+\s+\w+\s+(\w+)", sections):
            if int(size, 16) > 8:
                complaints.append(f"{path}: .{name} has {int(size, 16) // 8} entries: something runs at start-up")
        for line in tool("nm", "--dynamic", "--defined-only", "--demangle", path).splitlines():
            _, kind, name = line.split(" ", 2)
            owner = qualified_name(name)
            if re.match(rf"kelp::({'|'.join(PRIVATE)})::", owner):
                complaints.append(f"{path}: exports what is private: {name}")
            # Weak ones are other people's templates and type information, which the linker merges.
            elif kind not in "VWu" and not re.match(r"kelp::|std::hash::", owner):
                complaints.append(f"{path}: exports a name outside the namespace: {name}")
    return complaints


library, *compiler = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    def sample(name, source):
        path = pathlib.Path(folder, name)
        path.with_suffix(".cpp").write_text(source)
        tool(*compiler, "-shared", "-fPIC", "-fvisibility=hidden", "-o", str(path), str(path.with_suffix(".cpp")))
        return {str(path): None}

    exported = '__attribute__((visibility("default")))'
    good = sample("good.so", f"namespace kelp {{ {exported} int f() {{ static const int* x = new int; return *x; }} }}")
    bad = [
        sample("constructor.so", "int f(); int f() { return 1; } __attribute__((used)) static int* x = new int(f());"),
        sample("attribute.so", "__attribute__((constructor)) static void f() {}"),
        sample("private.so", f"namespace kelp::util {{ {exported} int f() {{ return 1; }} }}"),
        sample("outside.so", f"{exported} int f() {{ return 1; }}"),
    ]
    house.run(check, {library: None}, good, bad)
