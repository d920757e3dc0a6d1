#!/usr/bin/env python3
"""Words that may not stand in the code, and the few files in which some may."""
import re
import sys

import house

LIBRARY = r"(include|transports|src/(?!cli/))"
EVERYWHERE = r"."
# (where, what, except in, why)
RULES = [
    (EVERYWHERE, r"moodycamel|concurrentqueue", r"src/util/bag\.hpp|bench/.*", "only src/util/bag.hpp names moodycamel"),
    (r"(include|src|transports)/", r"nlohmann", r"(include/kelp/json\.hpp|src/codec/.*)", "only json.hpp and codec name nlohmann"),
    (LIBRARY, r"#\s*include\s*<iostream>", "", "<iostream> puts a start-up constructor into every object"),
    (EVERYWHERE, r"#\s*include\s*<(format|ranges|source_location)>|std::views\b|std::source_location", "",
     "g++ 12 or clang 14 cannot compile it"),
    (EVERYWHERE, r"atomic<\s*(std::)?shared_ptr", "", "atomic<shared_ptr> locks"),
    (LIBRARY, r"\b(abort|exit|_exit|terminate)\s*\(", "", "the library never ends its host"),
    (r"(include|src|transports|tests/(unit|conformance)|examples)/", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b", "",
     "a sleep waits too long or not long enough: wait for the event"),
    (r"tests/", r"doctest::(skip|may_fail|should_fail|expected_failures)|\*\s*(skip|may_fail|should_fail)\(", "",
     "a test that cannot fail proves nothing"),
]
# These look at comments too.
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def check(files):
    complaints = []
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if match := UNFINISHED.search(line):
                complaints.append(f"{path}:{number}: {match[0]}: finish it, or say what is missing in the tracker")
        for number, line in enumerate(house.code(text).splitlines(), 1):
            for where, what, allowed, why in RULES:
                if re.match(where, path) and re.search(what, line) and not (allowed and re.fullmatch(allowed, path)):
                    complaints.append(f"{path}:{number}: {why}: {line.strip()}")
    return complaints


GOOD = {"src/util/bag.hpp": "moodycamel::ConcurrentQueue<int> q;\n", "src/cli/main.cpp": "#include <iostream>\nexit(1);\n",
        "src/util/a.cpp": "// moodycamel is named here only in words\n"}
BAD = [{path: text} for path, text in (
    ("src/broker/a.cpp", "moodycamel::ConcurrentQueue<int> q;"),
    ("src/messaging/a.cpp", "#include <nlohmann/json.hpp>"),
    ("include/kelp/a.hpp", "#include <iostream>"),
    ("src/cli/a.cpp", "#include <format>"),
    ("src/util/a.hpp", "std::atomic<std::shared_ptr<int>> p;"),
    ("transports/memory/a.cpp", "std::abort();"),
    ("tests/unit/util/a_test.cpp", "std::this_thread::sleep_for(1s);"),
    ("tests/unit/util/a_test.cpp", 'TEST_CASE("x" * doctest::skip()) {}'),
    ("src/util/a.cpp", "// " + "TO" + "DO: the rest"),
)]

house.run(check, house.read(sys.argv[1], *(f"{top}/**/*.[ch]pp" for top in (
    "include", "src", "transports", "tests", "fuzz", "bench", "examples"))), GOOD, BAD)
