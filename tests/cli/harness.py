"""What the command's end-to-end tests share: running it, counting cases, a naive model of `kelp route`."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback

CASES = []


def case(function):
    CASES.append(function)
    return function


def main():
    """Runs every case in an empty directory of its own; prints what failed."""
    global KELP
    KELP = os.path.abspath(sys.argv[1])
    wanted = sys.argv[2:]
    passed = failed = 0
    for function in CASES:
        if wanted and function.__name__ not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="kelp-cli-") as directory:
            os.chdir(directory)
            try:
                function()
                passed += 1
            except Exception:
                failed += 1
                print(f"FAILED: {function.__name__}")
                traceback.print_exc(file=sys.stdout)
            os.chdir("/")
    print(f"kelp-cases: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


def kelp(*args, stdin=b"", check=None, timeout=120):
    run = subprocess.run([KELP, *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    if check is not None:
        equal(run.returncode, check, f"exit code of {args}: {run.stderr.decode(errors='replace')}")
    return run


def start(*args, **kwargs):
    return subprocess.Popen([KELP, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)


def equal(got, expected, what=""):
    if got != expected:
        raise AssertionError(f"{what}: got {str(got)[:2000]!r}, expected {str(expected)[:2000]!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def topic(pattern, key):
    """AMQP's topic match, by its definition."""
    def match(p, k):
        if not p:
            return not k
        if p[0] == b"#":
            return any(match(p[1:], k[i:]) for i in range(len(k) + 1))
        return bool(k) and p[0] in (b"*", k[0]) and match(p[1:], k[1:])
    words = [text.split(b".") if text else [] for text in (pattern, key)]
    return match(*words)


class Malformed(Exception):
    pass


def columns(delimiter=None):
    def fields(line):
        return dict(enumerate(line.split(delimiter), 1))
    return fields


def groups(regex):
    compiled = re.compile(regex)

    def fields(line):
        found = compiled.search(line)
        if not found:
            raise Malformed
        return {name.encode(): value for name, value in found.groupdict().items() if value is not None}
    return fields


def json_members(line):
    """Values as they stand in the text; strings decoded."""
    def refuse(_):
        raise Malformed
    try:
        text = line.decode()
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise Malformed
    if not isinstance(value, dict):
        raise Malformed
    words = {True: b"true", False: b"false", None: b"null"}
    return {name.encode(): words[v] if v is None or isinstance(v, bool) else v.encode()
            for name, v in value.items() if v is None or isinstance(v, (bool, str))}


def model(data, key, fields, bindings):
    """(read, published, unmatched, malformed, {queue: lines}) for one input, by the definition."""
    queues = {queue: [] for queue, _ in bindings}
    published = unmatched = malformed = 0
    lines = data.split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    for line in lines:
        content = line[:-1] if line.endswith(b"\n") else line
        if line.endswith(b"\r\n"):
            content = line[:-2]
        try:
            values = fields(content)
            text = re.sub(rb"\{(\w+)\}", lambda m: values[int(m[1]) if m[1].isdigit() else m[1]], key)
            if len(text) > 255:
                raise Malformed
        except (Malformed, KeyError):
            malformed += 1
            continue
        published += 1
        matched = {queue for queue, pattern in bindings if topic(pattern, text)}
        for queue in matched:
            queues[queue].append(line)
        unmatched += not matched
    return len(lines), published, unmatched, malformed, queues


def content(path):
    return pathlib.Path(path).read_bytes()


def counts(stdout):
    """The --json object, its shape checked."""
    value = json.loads(stdout)
    equal(list(value), ["read", "published", "unmatched", "malformed", "seconds", "queues"], "members")
    for queue in value["queues"].values():
        equal(list(queue), ["delivered", "acked"], "members of a queue")
    holds(isinstance(value["seconds"], float) and value["seconds"] >= 0, "seconds")
    return value


def compare(data, key, fields, bindings, *options, check=None, files=None):
    """Routes `data` and compares counts, files and order with the model."""
    read, published, unmatched, malformed, queues = model(data, key.encode(), fields, bindings)
    args = ["route", "--key", key, "--json", "--out", "out", *options]
    for queue, pattern in bindings:
        args += ["--bind", f"{queue}={pattern.decode()}"]
    run = kelp(*args, *(files or []), stdin=b"" if files else data)
    equal(run.returncode, (1 if malformed else 0) if check is None else check, run.stderr.decode(errors="replace"))
    value = counts(run.stdout)
    equal((value["read"], value["published"], value["unmatched"], value["malformed"]),
          (read, published, unmatched, malformed), "read, published, unmatched, malformed")
    equal(sorted(value["queues"]), sorted(queues), "queues")
    for queue, lines in queues.items():
        equal(value["queues"][queue], {"delivered": len(lines), "acked": len(lines)}, queue)
        if "--zstd" in options:
            text = subprocess.run(["zstd", "-q", "-dc", f"out/{queue}.log.zst"], stdout=subprocess.PIPE, check=True).stdout
        else:
            text = content(f"out/{queue}.log")
        equal(text, b"".join(lines), f"the file of {queue}")
    return run
