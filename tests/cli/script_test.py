#!/usr/bin/env python3
"""`kelp script`: mistakes, --strict, names, exit codes. What operations mean is tests/conformance/scripts."""
import json

from harness import case, equal, holds, kelp, main


def run(lines, *options, check=0):
    done = kelp("script", "-", *options, stdin="\n".join(lines).encode(), check=check)
    return [json.loads(line) for line in done.stdout.splitlines()]


@case
def each_operation_has_one_answer():
    answers = run(["# a comment", "", '{"op":"declare","queue":"q"}', "  ", '{"op":"purge","queue":"q"}'])
    equal(answers, [{"ok": True, "queue": "q", "messages": 0, "consumers": 0}, {"ok": True, "messages": 0}], "answers")


@case
def mistakes_name_line_and_byte_and_do_not_stop():
    answers = run(['{"op":"declare","queue":"q"}', '{"op":', "[]", '{"op":"dance"}', '{"op":"purge","queu":"q"}',
                   '{"op":"publish","key":7}', '{"op":"ack","message":"m9"}', '{"queue":"q"}', '{"op":"qos","prefetch":-1}',
                   '{"op":"declare","queue":"q","exchange":"e"}', '{"op":"declare","queue":"q","arguments":{"a":1e999999999}} x',
                   '{"op":"purge","queue":"q"}'], check=1)
    places = [(a.get("line"), a.get("byte")) for a in answers]
    equal(places, [(None, None), (2, 7), (3, 1), (4, 2), (5, 1), (6, 17), (7, 13), (8, 1), (9, 13), (10, 1), (11, 60), (None, None)], answers)
    equal([a["error"] for a in answers if not a["ok"]], ["script"] * 10, "errors")


@case
def strict_stops_at_the_first_mistake():
    equal(len(run(['{"op":"dance"}', '{"op":"declare","queue":"q"}'], "--strict", check=1)), 1, "answers")


@case
def errors_of_the_broker_are_answers():
    answers = run(['{"op":"purge","queue":"nope"}', '{"op":"declare","queue":"q"}'])
    equal((answers[0]["ok"], answers[0]["error"], answers[0]["code"]), (False, "channel", 404), answers)
    holds("nope" in answers[0]["text"], answers)
    equal(answers[1]["ok"], True, "it goes on")


@case
def misspelt_members_are_never_ignored():
    answers = run(['{"op":"declare","queue":"q","durabel":true}', '{"op":"declare","queue":"q","passive":true}'], check=1)
    equal((answers[0]["byte"], answers[1].get("code")), (29, 404), "nothing was declared")


@case
def urls():
    equal(run(['{"op":"declare","queue":"q"}'], "--url", "memory://here")[0]["ok"], True, "memory")
    equal(run(['{"op":"advance","seconds":1}'], "--url", "memory://here")[0]["error"], "not_supported", "the clock of the machine")
    equal(run(['{"op":"advance","seconds":1}'])[0], {"ok": True}, "a clock of its own")
    holds(kelp("script", "-", "--url", "nonsense://x", stdin=b"", check=2).stderr, "a bad URL")
    holds(b"missing" in kelp("script", "missing", check=1).stderr, "a missing file")


@case
def text_that_is_not_ascii():
    answers = run(['{"op":"declare","queue":"é"}', '{"op":"publish","key":"é","body":"\\u20ac\\n","headers":{"ü":[1,2.5,null,{"a":true}]}}',
                   '{"op":"get","queue":"é"}'])
    message = answers[2]["messages"][0]
    equal((message["body"], message["headers"]), ("€\n", {"ü": [1, 2.5, None, {"a": True}]}), "the message")


main()
