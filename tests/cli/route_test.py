#!/usr/bin/env python3
"""`kelp route` against a naive model: counts, files, order."""
import json
import random
import sys

from harness import case, columns, compare, content, counts, equal, groups, holds, json_members, kelp, main

WORDS = [b"error", b"warn", b"info", b"api", b"db", b"web.front", b"a.b", b"", b"x"]
BINDINGS = [("errors", b"error.#"), ("errors", b"*.error"), ("two", b"*.*"), ("all", b"#"), ("mid", b"#.api.#"),
            ("none", b"no.such.key"), ("empty", b"")]


def text(seed, count, joiner, end=b"\n", width=4):
    rng = random.Random(seed)
    lines = [joiner.join(rng.choice(WORDS) for _ in range(rng.randrange(width + 1))) + b" #%d" % i for i in range(count)]
    return end.join(lines) + end


@case
def columns_at_white_space():
    compare(text(1, 3000, b"  \t"), "{1}.{2}", columns(), BINDINGS)


@case
def columns_at_a_delimiter():
    compare(text(2, 3000, b"|"), "{1}.{2}", columns(b"|"), BINDINGS, "--delimiter", "|")


@case
def columns_at_a_tab():
    compare(text(3, 500, b"\t"), "{2}.{1}", columns(b"\t"), BINDINGS, "-d", "\\t")


@case
def groups_of_a_regular_expression():
    regex = r"(?P<first>[a-z]+)\|(?P<second>[a-z.]*)"
    compare(text(4, 3000, b"|"), "{second}.{first}", groups(regex.encode()), BINDINGS, "--regex", regex)


@case
def fields_of_json_lines():
    rng = random.Random(5)
    lines = []
    for i in range(3000):
        value = {"level": rng.choice(WORDS).decode(), "service": rng.choice(["api", "é\n\"", True, None, "x" * 300, 7, 1.5]), "n": i,
                 "deep": {"level": [1, {"level": "no"}]}}
        if rng.random() < 0.1:
            del value[rng.choice(["level", "service"])]
        line = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode()
        if rng.random() < 0.1:
            at = rng.randrange(len(line))
            line = line[:at] + bytes([rng.randrange(256)]) + line[at + 1:]
        lines.append(line.replace(b"\n", b""))
    compare(b"\n".join(lines), "{level}.{service}", numbers_as_they_stand, BINDINGS, "--threads", "3")


def numbers_as_they_stand(line):
    """json_members, with numbers: json.loads hands their text to parse_int and parse_float."""
    class Number(str):
        pass
    original = json.loads
    members = json_members(line)
    for name, value in original(line.decode(), parse_int=Number, parse_float=Number, parse_constant=Number).items():
        if isinstance(value, Number):
            members[name.encode()] = value.encode()
    return members


@case
def order_with_many_threads():
    data = b"".join(b"k%d line %d\n" % (i * 7 % 5, i) for i in range(100_000))
    bindings = [(f"q{i}", b"k%d" % i) for i in range(5)] + [("all", b"#")]
    for threads in ("1", "4"):
        compare(data, "{1}", columns(), bindings, "--threads", threads)


@case
def carriage_returns_stay_in_the_lines_and_out_of_the_keys():
    compare(text(6, 300, b",", end=b"\r\n"), "{1}.{2}", columns(b","), BINDINGS, "--delimiter", ",")
    compare(b"error\r\nwarn\r\n", "{1}", columns(b","), [("e", b"error")], "--delimiter", ",")


@case
def the_last_line_may_lack_its_end():
    compare(b"error a\nerror b", "{1}", columns(), [("e", b"error")])
    with open("one", "wb") as file:
        file.write(b"error a\nerror b")
    with open("two", "wb") as file:
        file.write(b"error c\n")
    compare(b"error a\nerror b\nerror c\n", "{1}", columns(), [("e", b"error")], files=["one", "two"])


@case
def any_byte_may_stand_in_a_line():
    rng = random.Random(7)
    data = b"\n".join(bytes(rng.randrange(256) for _ in range(rng.randrange(60))) for _ in range(3000))
    compare(data, "k{1}", columns(), [("all", b"#"), ("dots", b"k.*")])
    compare(b"a\0b c\n\0\n", "{1}", columns(), [("all", b"#")])


@case
def very_long_lines():
    data = b"a " + b"x" * 5_000_000 + b"\nb\n" + b"c " + b"y" * 3_000_000 + b"\n"
    compare(data, "{1}", columns(), [("all", b"#"), ("c", b"c")])
    run = kelp("route", "--key", "{1}", "--bind", "all=#", "--json", "--out", "out", "--max-line", "1000", stdin=data, check=1)
    value = counts(run.stdout)
    equal((value["read"], value["published"], value["malformed"]), (3, 1, 2), "over the limit")
    holds(b":1: the line has 5000003 bytes" in run.stderr, run.stderr)
    equal(content("out/all.log"), b"b\n", "the file")


@case
def compressed_files():
    compare(text(8, 20000, b" "), "{1}.{2}", columns(), BINDINGS, "--zstd")
    compare(b"", "{1}", columns(), [("all", b"#")], "--zstd")


@case
def no_input_is_no_trouble():
    compare(b"", "{1}", columns(), [("all", b"#")])
    compare(b"\n\n", "constant", columns(), [("all", b"#")])


@case
def a_key_may_be_empty_and_has_at_most_255_bytes():
    compare(b"a\nb\n", "", columns(), [("all", b"#"), ("star", b"*"), ("empty", b"")])
    compare(b"x" * 255 + b"\n" + b"y" * 256 + b"\n", "{1}", columns(), [("all", b"#")])


@case
def only_counts_without_out():
    run = kelp("route", "--key", "{1}", "--bind", "all=#", "--json", stdin=b"a\nb\n", check=0)
    equal(counts(run.stdout)["queues"], {"all": {"delivered": 2, "acked": 2}}, "queues")
    equal(run.stderr, b"", "standard error")


@case
def bind_takes_one_value_and_leaves_the_files():
    with open("in=put", "wb") as file:
        file.write(b"a=b x\n")
    run = kelp("route", "--key", "{1}", "--bind", "all=#", "in=put", "--bind", "eq=a=b", "--json", check=0)
    equal(counts(run.stdout)["queues"], {"all": {"delivered": 1, "acked": 1}, "eq": {"delivered": 1, "acked": 1}}, "queues")
    with open("[a,b]", "wb") as file:
        file.write(b"x\n")
    equal(counts(kelp("route", "[a,b]", "--key", "{1}", "--bind", "all=#", "--json", check=0).stdout)["read"], 1, "odd name")


@case
def a_table_for_people():
    run = kelp("route", "--key", "{1}", "--bind", "all=#", "--bind", "e=error", stdin=b"error\nx\n", check=0)
    table = run.stdout.decode()
    holds("all         #" in table and "2 lines read, 2 published, 0 unmatched, 0 malformed" in table, table)
    holds("\x1b" not in table and not run.stderr, "plain when piped")


@case
def several_files_and_standard_input():
    for name in ("one", "two"):
        with open(name, "wb") as file:
            file.write(name.encode() + b"\n")
    run = kelp("route", "one", "-", "two", "--key", "{1}", "--bind", "all=#", "--out", "out", stdin=b"in\n", check=0)
    equal(content("out/all.log"), b"one\nin\ntwo\n", run.stdout)


main()
