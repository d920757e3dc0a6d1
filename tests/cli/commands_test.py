#!/usr/bin/env python3
"""The other commands: help, version, explain, transports, bench."""
import json
import re

from harness import case, equal, holds, kelp, main


@case
def help_tells_the_exit_codes():
    for command in ([], ["route"], ["explain"], ["script"], ["bench", "bus"], ["transports"]):
        run = kelp(*command, "--help", check=0)
        text = run.stdout.decode()
        equal(run.stderr, b"", command)
        for code in ("0 all done", "1 something", "2 the command line", "130 interrupted"):
            holds(code in text, (command, text))
    text = kelp("route", "--help", check=0).stdout.decode()
    for option in ("--key", "--bind", "--delimiter", "--regex", "--out", "--zstd", "--threads", "--max-line", "--json"):
        holds(option in text, option)


@case
def version():
    holds(re.fullmatch(rb"kelp \d+\.\d+\.\d+\n", kelp("--version", check=0).stdout), "the version")


@case
def mistakes():
    for args in ([], ["nonsense"], ["explain"], ["explain", "key"], ["bench"], ["bench", "bus", "--mode", "fast"],
                 ["bench", "bus", "-n", "0"], ["transports", "--json", "--markdown"], ["script"]):
        run = kelp(*args, check=2)
        equal(run.stdout, b"", args)
        holds(run.stderr.startswith(b"kelp: "), run.stderr)


@case
def explain_for_people():
    run = kelp("explain", "--bind", "errors=*.error.#", "--bind", "db=#.db", "--bind", "one=api", "api.error.db", "api", check=0)
    equal(run.stdout.decode(), """key 'api.error.db'
  yes  errors = *.error.#  word by word: '*' took one word each, '#' the rest
  yes  db = #.db           word by word: '#' took the rest, which may be nothing
  no   one = api           word 2 of the key is 'error', where the pattern has ended
key 'api'
  no   errors = *.error.#  the key ends before its word 2, word 2 of the pattern wants 'error'
  no   db = #.db           the key ends before its word 2, word 2 of the pattern wants 'db'
  yes  one = api           every word is equal
""", "explanation")
    run = kelp("explain", "--bind", "a=x.*", "y.z", check=1)
    holds(b"word 1 of the key is 'y', word 1 of the pattern wants 'x'" in run.stdout, run.stdout)
    holds(b"no binding matches" in run.stdout, run.stdout)


@case
def explain_for_programs():
    run = kelp("explain", "--json", "--bind", "a=x.*", "--bind", "b=#", "y.z", "x.y", check=0)
    first, second = (json.loads(line) for line in run.stdout.splitlines())
    equal(first, {"key": "y.z", "matched": True, "bindings": [
        {"queue": "a", "pattern": "x.*", "matches": False, "key_word": 1, "pattern_word": 1, "expected": "x", "found": "y"},
        {"queue": "b", "pattern": "#", "matches": True}]}, "the first key")
    equal([b["matches"] for b in second["bindings"]], [True, True], "the second key")


@case
def explain_refuses():
    equal(kelp("explain", "--bind", "a", "k", check=2).stdout, b"", "no '='")
    holds(b"256 bytes" in kelp("explain", "--bind", "a=#", "k" * 256, check=2).stderr, "a long key")


@case
def explain_escapes_what_a_terminal_would_obey():
    run = kelp("explain", "--bind", "a=#", "\x1b[31m", check=0)
    holds(b"\x1b" not in run.stdout and b"\\x1b[31m" in run.stdout, run.stdout)


@case
def transports():
    table = kelp("transports", "--markdown", check=0).stdout.decode().splitlines()
    holds(table[0].startswith("| capability | `") and "`memory`" in table[0], table[0])
    facts = json.loads(kelp("transports", "--json", check=0).stdout)
    equal(facts["memory"]["exchange_types"], ["direct", "topic", "fanout", "headers"], "exchange types")
    equal(len(table), 2 + len(facts["memory"]), "a row for each capability")
    holds("requeue_in_place" in kelp("transports", check=0).stdout.decode(), "for people")


@case
def bench_counts_what_it_was_told():
    for mode in ("same", "threads", "fanout"):
        value = json.loads(kelp("bench", "bus", "-n", "5000", "--size", "100", "--mode", mode, "--json", check=0).stdout)
        equal((value["mode"], value["messages"], value["size"]), (mode, 5000, 100), mode)
        holds(value["messages_per_second"] > 0 and value["nanoseconds_per_message"] > 0, mode)
    holds(b"ns each" in kelp("bench", "bus", "-n", "10", check=0).stdout, "for people")


main()
