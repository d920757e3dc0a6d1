#!/usr/bin/env python3
"""Uses kelp from outside, in every way that is promised: install.py SOURCE BUILD LIBDIR COMPILER...

The shared library comes from BUILD. The static one is what a Meson project gets that has kelp as its
subproject, so one more compilation of the library proves both. It lies in BUILD, so that a second run
finds it built.
"""
import os
import pathlib
import shutil
import subprocess
import sys

source, build, libdir = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
compiler = sys.argv[4:]
consumer = source / "tests" / "install" / "consumer"
work = build / "tests" / "install" / "work"
passed, failed = 0, 0


def run(*command, **environment):
    """The output of a command that must succeed."""
    done = subprocess.run([str(word) for word in command], env=os.environ | environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout.strip()


def case(test):
    """One test case; a failure does not stop the others."""
    global passed, failed
    try:
        test()
        passed += 1
        print(f"ok: {test.__doc__}")
    except (RuntimeError, OSError, AssertionError) as error:
        failed += 1
        print(f"FAILED: {test.__doc__}\n{error}")


def expect(output, program):
    assert output.startswith("kelp "), f"{program} printed {output!r}"


def prefix(name):
    """Where an installation of that name lies; made relocatable by the pkg-config file's own place."""
    return work / name / "usr" / "local"


def by_pkg_config(name, *flags):
    """Compiles and runs the consumer with what pkg-config says about that installation."""
    root, program = prefix(name), work / f"by-pkg-config-{name}"
    environment = {"PKG_CONFIG_PATH": str(root / libdir / "pkgconfig")}
    words = run("pkg-config", f"--define-variable=prefix={root}", *flags, "--cflags", "--libs", "kelp", **environment).split()
    run(*compiler, "-std=c++20", consumer / "main.cpp", "-o", program, *words)
    expect(run(program, LD_LIBRARY_PATH=str(root / libdir)), program)


def by_cmake(name, wanted=""):
    """Configures, builds and runs the consumer with find_package."""
    root, folder = prefix(name), work / f"by-cmake-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    launcher = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={compiler[0]}"] if len(compiler) > 1 else []
    run("cmake", "-S", consumer, "-B", folder, f"-DCMAKE_CXX_COMPILER={shutil.which(compiler[-1])}", *launcher,
        f"-Dkelp_DIR={root / libdir / 'cmake' / 'kelp'}", f"-DKELP_WANTED={wanted}", "-DCMAKE_BUILD_TYPE=Debug")
    run("cmake", "--build", folder)
    expect(run(folder / "consumer", LD_LIBRARY_PATH=str(root / libdir)), folder)


def relocate(name):
    """CMake has no --define-variable: the copy under test says where it lies."""
    file = prefix(name) / libdir / "pkgconfig" / "kelp.pc"
    file.write_text(f"prefix={prefix(name)}\n" + "".join(
        line for line in file.read_text().splitlines(True) if not line.startswith("prefix=")))


def install_shared():
    """the shared library installs"""
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", work / "shared", "--tags", "devel,runtime")
    assert list((prefix("shared") / libdir).glob("libkelp.so.*")), "no shared library"
    relocate("shared")


def subproject():
    """a Meson project builds and runs with kelp as its subproject"""
    project = work / "project"
    shutil.rmtree(project, ignore_errors=True)
    (project / "subprojects").mkdir(parents=True)
    for name in ("main.cpp", "meson.build"):
        shutil.copy(consumer / name, project)
    (project / "subprojects" / "kelp").symlink_to(source)
    folder = work / "project-build"
    if not (folder / "build.ninja").exists():
        shutil.rmtree(folder, ignore_errors=True)
        run("meson", "setup", folder, project, "--prefix=/usr/local", f"--libdir={libdir}", CXX=" ".join(compiler))
    run("ninja", "-C", folder)
    expect(run(folder / "consumer"), folder)


def install_static():
    """the static library installs"""
    run("meson", "install", "-C", work / "project-build", "--no-rebuild", "--destdir", work / "static")
    found = sorted(path.name for path in (prefix("static") / libdir).glob("lib*"))
    assert found == ["libkelp.a"], f"installed {found}"
    relocate("static")


def pkg_config_shared():
    """pkg-config, shared"""
    by_pkg_config("shared")


def pkg_config_static():
    """pkg-config, static"""
    by_pkg_config("static", "--static")


def cmake_shared():
    """CMake's find_package, shared"""
    by_cmake("shared", "0.1")


def cmake_static():
    """CMake's find_package, static"""
    by_cmake("static")


def cmake_version():
    """find_package refuses another minor version"""
    try:
        by_cmake("shared", "99.1")
    except RuntimeError as error:
        assert "kelpConfig.cmake, version:" in str(error), error
        return
    raise AssertionError("version 99.1 was found")


for name in ("shared", "static"):
    shutil.rmtree(work / name, ignore_errors=True)
work.mkdir(parents=True, exist_ok=True)
for test in (install_shared, pkg_config_shared, cmake_shared, cmake_version,
             subproject, install_static, pkg_config_static, cmake_static):
    case(test)
print(f"kelp-cases: {passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
