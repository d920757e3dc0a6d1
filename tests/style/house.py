"""What the style checks share. A check is a function from files (path: text) to complaints; before it
sees the tree it must complain about every bad sample and be silent about the good one."""
import pathlib
import sys


def read(root, *patterns):
    """The files of the tree that match, as {relative path: text}."""
    root = pathlib.Path(root)
    found = (path for pattern in patterns for path in root.glob(pattern) if path.is_file())
    return {str(path.relative_to(root)): path.read_text() for path in sorted(set(found))}


def code(text):
    """The text without // comments, so that a comment may name what code may not."""
    return "\n".join(line.split("//", 1)[0] for line in text.splitlines())


def run(check, files, good, bad):
    """Proves the check on its samples, then applies it. Exits with the result."""
    failures = [f"the check does not catch this sample: {sample}" for sample in bad if not check(sample)]
    failures += [f"the check refuses a good sample: {complaint}" for complaint in check(good)]
    cases = len(bad) + 2
    failed = len(failures)
    if not files:
        failures.append("the check found no files to look at")
    failures += check(files)
    failed += len(failures) > failed
    for failure in failures:
        print(failure)
    print(f"kelp-cases: {cases - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
