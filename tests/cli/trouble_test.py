#!/usr/bin/env python3
"""`kelp route` when something is wrong: nothing is lost silently, and the counts equal the files."""
import os
import resource
import shutil
import signal
import subprocess
import threading

import harness
from harness import case, content, counts, equal, holds, kelp, main, start

ALL = ("--key", "{1}", "--bind", "all=#", "--json", "--out", "out")


def lines_in(path):
    return content(path).count(b"\n")


@case
def malformed_lines_are_told_and_counted():
    with open("in.json", "w") as file:
        file.write('{"a":"x"}\n{"b":1}\n{"a":\n\n{"a":"' + "y" * 256 + '"}\n{"a":"z"}\n')
    run = kelp("route", "in.json", "--key", "{a}", "--bind", "all=#", "--json", "--out", "out", check=1)
    value = counts(run.stdout)
    equal((value["read"], value["published"], value["malformed"]), (6, 2, 4), "counts")
    equal(run.stderr.decode().splitlines(), [
        'kelp: in.json:2: no field "a"',
        "kelp: in.json:3: invalid JSON at byte 6: a value is missing",
        "kelp: in.json:4: invalid JSON at byte 1: a value is missing",
        "kelp: in.json:5: the routing key has 256 bytes, over 255"], "complaints")
    equal(content("out/all.log"), b'{"a":"x"}\n{"a":"z"}\n', "the rest")


@case
def complaints_are_bounded_and_the_rest_counted():
    run = kelp("route", *ALL, stdin=b"\n" * 5000 + b"x\n", check=1)
    told = run.stderr.decode().splitlines()
    equal(len(told), 11, told)
    equal(told[-1], "kelp: ... and 4,990 more malformed lines", "the last")
    equal(counts(run.stdout)["malformed"], 5000, "malformed")


@case
def an_unreadable_file_does_not_stop_the_others():
    for name in ("one", "two"):
        with open(name, "w") as file:
            file.write(name + "\n")
    os.mkdir("directory")
    run = kelp("route", "one", "missing", "directory", "two", *ALL, check=1)
    equal(run.stderr.decode().splitlines(), ["kelp: cannot read 'missing': No such file or directory",
                                             "kelp: cannot read 'directory': Is a directory"], "complaints")
    equal(content("out/all.log"), b"one\ntwo\n", "the others")
    equal(counts(run.stdout)["read"], 2, "read")


@case
def mistakes_on_the_command_line_are_found_before_anything_is_read():
    with open("in", "w") as file:
        file.write("x\n")
    for args, told in (
        (["--key", "{1", "--bind", "a=#"], "--key: byte 1: '{' is not closed"),
        (["--key", "a.{}", "--bind", "a=#"], "--key: byte 3: '{}' names no field"),
        (["--key", "{1}", "--bind", "a"], "--bind 'a': byte 2: no '='"),
        (["--key", "{1}", "--bind", "a=x.er*r"], "--bind 'a=x.er*r': byte 7: '*' must be a word of its own"),
        (["--key", "{1}", "--bind", "a=" + "x" * 256], "byte 258: the pattern is over 255 bytes"),
        (["--key", "{1}", "--bind", "../a=#"], "byte 3: a queue's name cannot hold '/'"),
        (["--key", "{1}", "--bind", "..=#"], "byte 1: a queue cannot be called '..'"),
        (["--key", "{x}", "--bind", "a=#", "--regex", "(?<x>"], "--regex: byte 6: "),
        (["--key", "{x}", "--bind", "a=#", "--regex", "(?<y>.)"], "--regex has no group 'x'"),
        (["--key", "{1}.{x}", "--bind", "a=#"], "exclude each other"),
        (["--key", "{1}", "--bind", "a=#", "--delimiter", ""], "--delimiter is empty"),
        (["--key", "{1}", "--bind", "a=#", "--zstd"], "--zstd wants --out"),
        (["--key", "{1}", "--bind", "a=#", "--threads", "0"], "--threads"),
        (["--bind", "a=#"], "--key is required"),
        (["--key", "{1}"], "--bind is required"),
        (["--key", "{1}", "--bind", "a=#", "--no-such-option"], "--no-such-option"),
    ):
        zstd = "--zstd" in args
        run = kelp("route", "in", *args, *([] if zstd else ["--out", "out"]), check=2)
        holds(told in run.stderr.decode(), (args, run.stderr))
        equal(run.stdout, b"", args)
        holds(not os.path.exists("out"), args)


@case
def an_input_is_never_overwritten():
    os.mkdir("out")
    with open("out/all.log", "w") as file:
        file.write("precious\n")
    run = kelp("route", "out/all.log", *ALL, check=2)
    holds(b"would be overwritten" in run.stderr, run.stderr)
    equal(content("out/all.log"), b"precious\n", "the input")


@case
def an_output_that_cannot_be_opened():
    with open("file", "w"):
        pass
    run = kelp("route", "--key", "{1}", "--bind", "all=#", "--out", "file/out", stdin=b"x\n", check=1)
    holds(b"file/out" in run.stderr and b"Not a directory" in run.stderr, run.stderr)
    os.makedirs("out/all.log")
    run = kelp("route", *ALL, stdin=b"x\n", check=1)
    equal(run.stderr, b"kelp: cannot open 'out/all.log': Is a directory\n", "complaint")


def full_disk(*options, suffix=".log"):
    os.mkdir("out")
    os.symlink("/dev/full", "out/full" + suffix)
    data = b"".join(b"%s line %d\n" % ((b"full", b"good")[i % 2], i) for i in range(20_000))
    run = kelp("route", "--key", "{1}", "--bind", "full=full", "--bind", "good=good", "--json", "--out", "out", *options,
               stdin=data, check=1)
    value = counts(run.stdout)
    equal(value["queues"], {"full": {"delivered": 10_000, "acked": 0}, "good": {"delivered": 10_000, "acked": 10_000}}, "queues")
    told = run.stderr.decode()
    holds(f"cannot write 'out/full{suffix}': No space left on device" in told, told)
    holds("10,000 of 10,000 messages of queue 'full' were not written" in told, told)


@case
def a_full_disk_costs_one_queue():
    full_disk()
    equal(lines_in("out/good.log"), 10_000, "the other queue")


@case
def a_full_disk_costs_one_compressed_queue():
    full_disk("--zstd", suffix=".log.zst")


@case
def reading_stops_when_no_queue_can_be_written():
    os.mkdir("out")
    os.symlink("/dev/full", "out/all.log")
    reading, writing = os.pipe()
    run = start("route", *ALL, stdin=reading)
    os.close(reading)

    def feed():
        try:
            while True:
                os.write(writing, b"x\n" * 30_000)
        except BrokenPipeError:
            os.close(writing)
    thread = threading.Thread(target=feed)
    thread.start()
    out, err = run.communicate(timeout=60)
    thread.join()
    equal(run.returncode, 1, err)
    holds(b"stopped reading: no queue can be written" in err, err)
    value = counts(out)
    equal(value["queues"]["all"], {"delivered": value["published"], "acked": 0}, "counts")


@case
def a_file_that_becomes_full_keeps_whole_lines():
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_001, 300_001))
    data = b"".join(b"line %d\n" % i for i in range(100_000))
    run = subprocess.run([harness.KELP, "route", *ALL], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit)
    equal(run.returncode, 1, run.stderr)
    holds(b"File too large" in run.stderr, run.stderr)
    text = content("out/all.log")
    holds(data.startswith(text) and text.endswith(b"\n") and len(text) > 299_000, "a prefix of whole lines")
    value = counts(run.stdout)["queues"]["all"]
    equal(value["acked"], text.count(b"\n"), "acked")


@case
def standard_output_that_is_full():
    with open("/dev/full", "w") as full:
        run = subprocess.run([harness.KELP, "route", *ALL], input=b"x\n", stdout=full, stderr=subprocess.PIPE)
    equal(run.returncode, 1, run.stderr)
    holds(b"cannot write to standard output: No space left" in run.stderr, run.stderr)


def interrupted(number, *options):
    """Feeds a pipe that never ends until enough has come out, then sends the signal."""
    reading, writing = os.pipe()
    run = start("route", "--key", "{1}", "--bind", "all=#", "--bind", "even=even", "--json", "--out", "out", *options, stdin=reading)
    os.close(reading)

    def feed():
        line = 0
        try:
            while True:
                os.write(writing, b"".join(b"%s %d\n" % ((b"even", b"odd")[i % 2], i) for i in range(line, line + 2000)))
                line += 2000
        except BrokenPipeError:
            os.close(writing)
    thread = threading.Thread(target=feed)
    thread.start()
    suffix = ".log.zst" if "--zstd" in options else ".log"
    while not (os.path.exists("out/all" + suffix) and os.path.getsize("out/all" + suffix) > 1_000_000):
        holds(run.poll() is None, "it ended by itself")
    run.send_signal(number)
    out, err = run.communicate(timeout=60)
    thread.join()
    equal(run.returncode, 130, err)
    return counts(out)


@case
def a_signal_under_load_leaves_counts_that_equal_the_files():
    for number in (signal.SIGINT, signal.SIGTERM):
        shutil.rmtree("out", ignore_errors=True)
        value = interrupted(number)
        equal(value["read"], value["published"], "read")
        text = content("out/all.log")
        equal(value["queues"]["all"], {"delivered": value["published"], "acked": text.count(b"\n")}, "all")
        even = value["queues"]["even"]
        equal(even, {"delivered": even["acked"], "acked": lines_in("out/even.log")}, "even")
        numbers = [int(line.split()[1]) for line in text.splitlines()]
        equal(numbers, list(range(len(numbers))), "order, nothing missing")


@case
def a_signal_leaves_compressed_files_whole():
    value = interrupted(signal.SIGINT, "--zstd")
    for queue in ("all", "even"):
        text = subprocess.run(["zstd", "-q", "-dc", f"out/{queue}.log.zst"], stdout=subprocess.PIPE, check=True).stdout
        equal(value["queues"][queue]["acked"], text.count(b"\n"), queue)


@case
def a_signal_ends_a_wait_for_input():
    reading, writing = os.pipe()
    run = start("route", *ALL, stdin=reading)
    os.close(reading)
    os.write(writing, b"x one\n" + b"unfinished")
    while not (os.path.exists("out/all.log") and os.path.getsize("out/all.log") == 6):
        holds(run.poll() is None, "it ended by itself")
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    os.close(writing)
    equal(run.returncode, 130, err)
    equal(counts(out)["read"], 1, "the unfinished line was not read")


@case
def memory_is_bounded():
    """300 MB through a pipe into a slow sink: a FIFO that is read in the end."""
    os.mkdir("out")
    os.mkfifo("out/slow.log")
    line = b"slow " + b"x" * 90 + b"\n"
    block = line * 10_000
    reading, writing = os.pipe()
    run = start("route", "--key", "{1}", "--bind", "slow=slow", "--bind", "fast=#", "--json", "--out", "out", stdin=reading)
    os.close(reading)
    blocks = 300_000_000 // len(block)

    def feed():
        for _ in range(blocks):
            view = memoryview(block)
            while view:
                view = view[os.write(writing, view):]
        os.close(writing)
    thread = threading.Thread(target=feed)
    thread.start()
    got = 0
    with open("out/slow.log", "rb", buffering=0) as slow:
        while chunk := slow.read(1 << 20):
            got += len(chunk)
    thread.join()
    out = run.stdout.read()
    run.stderr.read()
    _, status, usage = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    equal(run.returncode, 0, out)
    equal(got, blocks * len(block), "bytes of the slow queue")
    holds(usage.ru_maxrss < 256 * 1024, f"{usage.ru_maxrss} KiB")
    equal(counts(out)["queues"]["slow"]["acked"], blocks * 10_000, "acked")


main()
