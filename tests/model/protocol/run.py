#!/usr/bin/env python3
"""Runs the protocol checks: SPIN models, the checker over the real headers, and the weakened twins.

  run.py --part engine|queue|wakeup|spin|all --build DIR [--cxx "g++"] [--soak]

Every file in twins/ is a diff of one line, of a model or of the source, that takes a load-bearing step
away. It says in "Caught by:" which check must fail with it; a twin that passes fails the run.
"""

import argparse
import concurrent.futures
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CHECKER = HERE / "checker"
SPIN = HERE / "spin"
JOBS = min(4, os.cpu_count() or 1)
PARTS = ["engine", "queue", "wakeup", "spin"]

# Model, bounds, and the least number of states: a search that ends early has checked nothing.
MODELS = [
    ("ready_queue.pml", "-DN1=2 -DN2=1", 1_000_000),
    ("ready_queue.pml", "-DN1=2 -DN2=1 -DREQUEUES=1 -DMAX=1 -DSEG=1", 3_000_000),
    ("segments.pml", "-DN0=2 -DN1=1 -DCONTROL=0", 300_000),
    ("segments.pml", "-DN0=2 -DN1=0 -DCONTROL=1", 50_000),
    ("segments.pml", "-DN0=2 -DN1=0 -DCONTROL=2", 30_000),
    ("segments.pml", "-DN0=2 -DN1=0 -DCONTROL=3", 100_000),
    ("wakeup.pml", "-DLEAVES=0", 1_000_000),
    ("wakeup.pml", "-DLEAVES=1 -DPUBLISHERS=2", 50_000),
]
SOAK_MODELS = [
    ("wakeup.pml", "-DLEAVES=1", 3_000_000),
    ("ready_queue.pml", "-DN1=2 -DN2=2", 4_000_000),
    ("ready_queue.pml", "-DN1=2 -DN2=1 -DREQUEUES=1", 5_000_000),
    ("ready_queue.pml", "-DN1=2 -DN2=1 -DREQUEUES=2 -DMAX=1 -DSEG=2", 5_000_000),
    ("segments.pml", "-DN0=2 -DN1=1 -DCONTROL=0 -DSIZE=1", 1_000_000),
    ("segments.pml", "-DN0=1 -DN1=1 -DCONTROL=0 -DCONSUMERS=2", 3_000_000),
    ("segments.pml", "-DN0=1 -DN1=1 -DCONTROL=1", 4_000_000),
    ("segments.pml", "-DN0=1 -DN1=1 -DCONTROL=2", 4_000_000),
    ("segments.pml", "-DN0=1 -DN1=1 -DCONTROL=3 -DSIZE=1", 10_000_000),
]

# What the checker compiles from the source, with its own types put in: fields that are written while
# a segment is private become fields whose races are told; std::atomic becomes the checker's.
QUEUE_SOURCES = ["ready_queue.hpp", "ready_queue_ends.hpp", "ready_queue_pop.hpp", "segment.hpp",
                 "segment_pool.hpp", "segment_pool_impl.hpp", "segment_table.hpp"]
QUEUE_FIELDS = [("bool", "named"), ("std::uint32_t", "slot"), ("BasicSegmentChunk<Model>*", "chunk"),
                ("std::uint64_t", "base"), ("std::uint64_t", "expiry"), ("std::uint32_t", "deliveries")]
WAKEUP_SOURCES = ["src/broker/waiting.hpp", "src/broker/waiting.cpp", "src/util/parker.hpp",
                  "src/util/parker.cpp"]

# wake_check.cpp does what these functions do; their steps, in order.
COPIED_STEPS = [
    ("src/broker/waiter.cpp", "explicit Registration", ["bell_.ticket.store", "parker.announce()",
                                                        "link_.waiters.add(bell_)", "set->add(bell_)"]),
    ("src/broker/waiter.cpp", "void leave()", ["waiters.remove(bell_)", "link_.waiters.remove(bell_)",
                                               "parker.retract()", "full_fence()"]),
    ("src/broker/waiter.cpp", "Waiter::wait(", ["sleep(deadline);", "take(out);", "pass_on();", "got != 0"]),
    ("src/broker/waiter.cpp", "void Waiter::sleep(", ["Registration registration", "heavy_fence()",
                                                      "look() == Sight::ready", "park("]),
    ("src/broker/waiter.cpp", "void Waiter::pass_on(", ["waiters.any()", "maybe_ready(", "wake_one()"]),
    ("src/broker/queue.hpp", "void wake()", ["light_fence()", "waiters.any()", "wake_one()"]),
]


class Failure(Exception):
    pass


def run(command, cwd=None, timeout=1800):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                          text=True, errors="replace")
    return done.returncode, done.stdout


def must(command, cwd=None):
    code, output = run(command, cwd)
    if code != 0:
        raise Failure(f"{shlex.join(map(str, command))} failed:\n{output}")
    return output


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


class Twin:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        text = path.read_text()
        caught = re.search(r"^Caught by: (\S+) (.*)$", text, re.M)
        if caught is None:
            raise Failure(f"{path.name}: no line 'Caught by: CHECK WHAT'")
        self.check, self.what = caught.groups()
        self.file = re.search(r"^--- a/(\S+)", text, re.M).group(1)
        body = text[text.index("\n--- a/"):].splitlines()[3:]
        changed = [sum(line.startswith(sign) for line in body) for sign in "+-"]
        if max(changed) != 1:
            raise Failure(f"{path.name}: not a diff of one line")

    def apply(self, root):
        code, output = run(["patch", "-s", "-p1", "-F1", "-d", str(root), "-i", str(self.path)])
        if code != 0:
            raise Failure(f"{self.path.name} does not apply any more: write it anew for {self.file}\n{output}")


# --- SPIN ---

def spin_verdict(folder, model, bounds, level):
    """The number of states, or None when the model was violated."""
    must(["spin", "-a", *bounds.split(), model], folder)
    must([*CC, level, "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=3000", "-o", "pan", "pan.c"], folder)
    _, output = run(["./pan", "-m400000", "-n", "-w22"], folder)
    states = re.search(r"(\d+) states, stored", output)
    errors = re.search(r"errors: (\d+)", output)
    if states is None or errors is None or "max search depth too small" in output or "reached -DMEMLIM" in output:
        raise Failure(f"{model} {bounds}: the search was cut short\n{output}")
    if errors.group(1) == "0":
        return int(states.group(1))
    if "assertion violated" not in output and "invalid end state" not in output:
        raise Failure(f"{model} {bounds}: {output}")
    return None


def spin_trail(folder, model, bounds):
    _, output = run(["spin", "-t", "-p", "-g", *bounds.split(), model], folder)
    return "\n".join(output.splitlines()[-80:])


def check_model(build, model, bounds, least):
    folder = fresh(build / re.sub(r"\W+", "_", f"{model}{bounds}"))
    shutil.copy(SPIN / model, folder)
    states = spin_verdict(folder, model, bounds, "-O1" if least >= 500_000 else "-O0")
    if states is None:
        raise Failure(f"{model} {bounds}: violated\n{spin_trail(folder, model, bounds)}")
    if states < least:
        raise Failure(f"{model} {bounds}: only {states} states")
    return f"{model} {bounds}: {states} states"


def spin_twin(build, twin):
    folder = fresh(build / twin.name)
    target = folder / twin.file
    target.parent.mkdir(parents=True)
    shutil.copy(ROOT / twin.file, target)
    twin.apply(folder)
    bounds = twin.what.split(None, 1)[1] if " " in twin.what else ""
    if spin_verdict(target.parent, target.name, bounds, "-O0") is not None:
        raise Failure(f"twin {twin.name} passes: {bounds}")
    return f"twin {twin.name} is caught"


# --- the checker ---

def copy_sources(folder, program, twin=None):
    """Copies what the program is made of, weakened by the twin, with the checker's types put in."""
    names = [f"tests/model/protocol/checker/{program}.cpp"]
    names += [f"src/broker/{n}" for n in QUEUE_SOURCES] if program == "queue_check" else WAKEUP_SOURCES
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    if twin is not None:
        twin.apply(folder)
    if program == "queue_check":
        path = folder / "src/broker/segment.hpp"
        text = path.read_text().replace("static_assert(sizeof(EntryExtra) == 16);", "")
        for kind, field in QUEUE_FIELDS:
            text, n = re.subn(rf"\n  {re.escape(kind)} {field} = ", f"\n  Field<{kind}> {field} = ", text)
            if n != 1:
                raise Failure(f"segment.hpp: no field '{kind} {field}'")
        path.write_text(text)
    else:
        for name in WAKEUP_SOURCES:
            path = folder / name
            text = path.read_text().replace("std::atomic<", "model::atomic<")
            text = text.replace("#include <atomic>", '#include "atomic.hpp"')
            # Fewer slots, so that the second chunk is met and the walk is short.
            path.write_text(re.sub(r"(array<model::atomic<Bell\*>), \d+>", r"\1, 2>", text))


def compile_program(build, folder, program, level):
    includes = [f"-I{p}" for p in (folder / "src", CHECKER / "shim", CHECKER, ROOT / "src", ROOT / "include")]
    flags = [*CXX, "-std=c++20", level, "-Wall", "-Wextra", *includes, "-c"]
    sources = [folder / f"tests/model/protocol/checker/{program}.cpp"]
    if program == "wake_check":
        sources += [folder / "src/broker/waiting.cpp", folder / "src/util/parker.cpp"]
    objects = engine_objects(build)
    for source in sources:
        extra = ["-Dsyscall=model_syscall"] if source.name == "parker.cpp" else []
        objects.append(str(folder / f"{source.stem}.o"))
        must([*flags, *extra, "-o", objects[-1], str(source)])
    must([*CXX, "-o", str(folder / program), *objects])
    return folder / program


def engine_objects(build):
    return [str(build / f"{name}.o") for name in ("engine", "memory")]


def compile_engine(build):
    for target in engine_objects(build):
        must([*CXX, "-std=c++20", "-O2", "-Wall", "-Wextra", f"-I{CHECKER}", "-c", "-o", target,
              str(CHECKER / f"{Path(target).stem}.cpp")])


def check_engine(build):
    must([*CXX, "-std=c++20", "-O1", "-Wall", "-Wextra", f"-I{CHECKER}", "-o", str(build / "litmus"),
          str(CHECKER / "litmus.cpp"), *engine_objects(build)])
    code, output = run([str(build / "litmus")])
    if code != 0:
        raise Failure(output)
    for known, word in (("race", "data race"), ("deadlock", "deadlock")):
        code, message = run([str(build / "litmus"), known])
        if code != 1 or f"FAILED: {word}" not in message:
            raise Failure(f"the checker does not see a {known}")
    return output.splitlines()[-1]


def check_scenarios(build, program, options):
    folder = fresh(build / program)
    copy_sources(folder, program)
    binary = compile_program(build, folder, program, "-O1")
    names = re.findall(r'^    \{"(\w+)", ', (CHECKER / f"{program}.cpp").read_text(), re.M)

    def scenario(name):
        def check():
            code, output = run([str(binary), "--scenario", name, *options])
            if code != 0:
                raise Failure(f"{name}:\n{output}")
            return f"{program} {output.strip()}"
        return check
    return [scenario(name) for name in names]


def checker_twin(build, program, twin):
    folder = fresh(build / twin.name)
    copy_sources(folder, program, twin)
    binary = compile_program(build, folder, program, "-O0")  # to compile takes longer than to run
    code, output = run([str(binary), "--scenario", twin.what])
    if code != 1 or "FAILED: " not in output:
        raise Failure(f"twin {twin.name} passes:\n{output}")
    return f"twin {twin.name} is caught: " + re.search(r"FAILED: (.*?), thread", output).group(1)


def check_copied_steps():
    for file, function, steps in COPIED_STEPS:
        text = (ROOT / file).read_text()
        start = text.find(function)
        # A function ends where a brace closes at the indentation of its first line.
        margin = re.search(r"[^\n]*$", text[:start]).group(0)
        indent = re.match(r" *", margin).group(0)
        end = text.find(f"\n{indent}}}", start)
        at = start
        for step in steps:
            at = text.find(step, at, end)
            if start < 0 or at < 0:
                raise Failure(f"{file}: {function} does not have '{step}' in its place; wake_check.cpp "
                              "follows that order, change both")
    return "wake_check.cpp follows the order of the broker's steps"


def cases(part, build, soak):
    twins = [Twin(path) for path in sorted((HERE / "twins").glob("*.diff"))]
    known = {"spin", "queue_check", "wake_check"}
    for twin in twins:
        if twin.check not in known:
            raise Failure(f"{twin.path.name}: unknown check {twin.check}")
    if part == "spin":
        models = MODELS + (SOAK_MODELS if soak else [])
        result = [lambda m=m: check_model(build, *m) for m in models]
        return result + [lambda t=t: spin_twin(build, t) for t in twins if t.check == "spin"]
    compile_engine(build)
    if part == "engine":
        return [lambda: check_engine(build)]
    program = {"queue": "queue_check", "wakeup": "wake_check"}[part]
    options = ["--seed", os.environ.get("KELP_SEED", "1")]
    options += ["--bound", "3", "--exhaustive", "3000000", "--random", "1000000"] if soak else ["--random", "10000"]
    result = check_scenarios(build, program, options)
    if part == "wakeup":
        result.append(check_copied_steps)
    return result + [lambda t=t: checker_twin(build, program, t) for t in twins if t.check == program]


def run_part(part, build, soak):
    try:
        work = cases(part, build, soak)
    except (Failure, OSError) as failure:
        print(f"FAIL {failure}")
        return 0, 1
    results = [0, 0]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for future in concurrent.futures.as_completed([pool.submit(w) for w in work]):
            try:
                print(f"ok   {future.result()}", flush=True)
                results[0] += 1
            except (Failure, subprocess.TimeoutExpired, OSError) as failure:
                print(f"FAIL {failure}", flush=True)
                results[1] += 1
    return results


def main():
    global CXX, CC
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", required=True, choices=PARTS + ["all"])
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--cxx", default=os.environ.get("CXX", "c++"))
    parser.add_argument("--cc", default=os.environ.get("CC", "cc"))
    parser.add_argument("--soak", action="store_true", help="larger bounds: many minutes")
    options = parser.parse_args()
    CXX, CC = shlex.split(options.cxx), shlex.split(options.cc)
    parts = PARTS if options.part == "all" else [options.part]
    passed = failed = 0
    for part in parts:
        good, bad = run_part(part, fresh(options.build.resolve() / part), options.soak)
        passed, failed = passed + good, failed + bad
    print(f"kelp-cases: {passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
