"""The command's environment is the caller's, byte for byte, but for a list in the manual; and so is what shells print of it"""

import os
import re

import pytest

import harness

ROOT = harness.ROOT

# What a command gets beside its caller's environment, or before what is in a variable of it: ENVIRONMENT in the manual.
SET = ("LATWRAP_SOCKET",)
LISTS = ("PATH", "PYTHONPATH", "RUBYLIB", "SPEC_OPTS", "MAVEN_OPTS")


def environments(latwrap, children, argv, *options, **changes):
    """Bare, and under latwrap, as lists of NAME=VALUE in their order"""
    environment = harness.environment(**changes)
    bare = children.run(*argv, env=environment)
    run = latwrap("-q", *options, "--", *argv, env=environment, report=None)
    assert (bare.status, run.status) == (0, 0), run.stderr
    return [done.stdout.split("\0") for done in (bare, run)]


def same_but(lists, set_variables, list_variables, changes):
    """Asserts it, and returns what was put before the variables that are lists"""
    bare, under = lists
    prefixes = {}
    rest = []
    for entry in under:
        name, _, value = entry.partition("=")
        if name in set_variables:
            continue
        if name in list_variables:
            old = changes.get(name, os.environ.get(name))
            assert old is None or value == old or value.endswith((f":{old}", f" {old}")), entry
            prefixes[name] = value if old is None else value[:len(value) - len(old)]
            if old is None:
                continue
            entry = f"{name}={old}"
        rest.append(entry)
    # The shell says of itself what it was started by.
    assert [entry for entry in rest if not entry.startswith("_=")] == [entry for entry in bare if not entry.startswith("_=")]
    return prefixes


@pytest.mark.parametrize("argv", [["/usr/bin/env", "-0"], ["env", "-0"], ["/usr/bin/python3", "-c", "import os; print(end=chr(0).join(f'{n}={v}' for n, v in os.environ.items()))"]],
                         ids=["path", "name", "python"])
def test_of_what_starts_no_runner(latwrap, children, argv):
    """The socket, and nothing else"""
    assert same_but(environments(latwrap, children, argv), SET, (), {}) == {}


@pytest.mark.parametrize("words", [["cat", "/proc/self/environ", "/work/pytest.ini"], ["grep", "-z", "-h", "", "/proc/self/environ", "pytest"], ["head", "-c-0", "/proc/self/environ", "make"]],
                         ids=["cat", "grep", "head"])
def test_of_what_only_names_a_runner(latwrap, children, words):
    """A file's name or a pattern that looks like one"""
    environment = harness.environment()
    bare = children.run(*words, env=environment)
    run = latwrap("-q", "--", *words, env=environment, report=None)
    assert run.status == bare.status
    entries = [entry for entry in run.stdout.split("\0") if "LATWRAP_SOCKET=" not in entry]
    assert "".join(entries).strip() == bare.stdout.replace("\0", "").strip()


@pytest.mark.parametrize("changes", [{}, {"PYTHONPATH": "/some/where", "BASH_ENV": "/none", "NODE_OPTIONS": "--title=x", "PERL5LIB": "/p", "RUBYLIB": "/r", "SPEC_OPTS": "-b",
                                      "MAVEN_OPTS": "-Xmx1g"}],
                         ids=["without", "with"])
def test_of_a_shell(latwrap, children, changes):
    """That and what precedes two lists: nothing that other runners, shells or make would read"""
    changes = {"PYTHONPATH": None, "BASH_ENV": None, "NODE_OPTIONS": None, "TESTS_ENVIRONMENT": None, "RUBYLIB": None, "SPEC_OPTS": None, "MAVEN_OPTS": None,
               **changes}
    prefixes = same_but(environments(latwrap, children, ["sh", "-c", "exec env -0"], **changes), SET, LISTS, changes)
    assert "/python" in prefixes["PYTHONPATH"]


@pytest.mark.parametrize("name", ["MAVEN_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", ".mvn/jvm.config", "project/.mvn/jvm.config"])
def test_extension_of_maven_stays(latwrap, directory, name):
    """Somebody else's, which an option of ours would replace"""
    option = "-Xmx1g\n-Dmaven.ext.class.path=/the/spy.jar"
    changes = {**dict.fromkeys(("MAVEN_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS")), name: option}
    project = directory / "project"
    project.mkdir()
    if "/" in name:
        del changes[name]
        (directory / name).parent.mkdir()
        (directory / name).write_text(option)
    run = latwrap("-q", "--runner=maven", "--", "/usr/bin/env", "-0", cwd=project, env=harness.environment(**changes), report=None)
    assert [entry for entry in run.stdout.split("\0") if entry.startswith("MAVEN_OPTS=")] == ([f"{name}={option}"] if name == "MAVEN_OPTS" else [])
    assert "tests of Maven will have no names: maven.ext.class.path is set already" in run.stderr


@pytest.mark.parametrize("make", [lambda path: path.write_text("-Xmx1g"), os.mkfifo, os.mkdir], ids=["another option", "pipe", "directory"])
def test_project_without_an_extension_of_maven(latwrap, directory, make):
    """The nearest .mvn counts, and one that cannot be read holds nothing up"""
    (directory / "project/.mvn").mkdir(parents=True)
    (directory / ".mvn").mkdir()
    (directory / ".mvn/jvm.config").write_text("-Dmaven.ext.class.path=/the/spy.jar")
    make(directory / "project/.mvn/jvm.config")
    run = latwrap("-q", "--runner=maven", "--", "printenv", "MAVEN_OPTS", cwd=directory / "project", env=harness.environment(MAVEN_OPTS=None), report=None)
    assert run.stdout.startswith("-Dmaven.ext.class.path=") and not run.stderr


def test_path_has_only_what_the_caller_has(latwrap, children, directory):
    """A build that looks for a tool finds none that is not there"""
    (directory / "node").write_text("#!/bin/sh\n")
    (directory / "node").chmod(0o755)
    changes = {"PATH": f"{directory}:/nowhere"}
    command = ["/bin/sh", "-c", "exec /usr/bin/env -0"]
    prefixes = same_but(environments(latwrap, children, command, PYTHONPATH=None, **changes), SET, LISTS, {**changes, "PYTHONPATH": None})
    assert [part.split("/")[-1] for part in prefixes["PATH"].split(":") if part] == ["node"]


@pytest.mark.needs("root")
def test_path_has_only_what_the_user_has(latwrap, directory):
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    (closed / "node").write_text("#!/bin/sh\n")
    (closed / "node").chmod(0o755)
    run = latwrap("-q", "-u", "nobody", "--", "/bin/sh", "-c", "command -v node || echo none", env=harness.environment(PATH=f"{closed}:/nowhere"),
                  report=None)
    assert run.stdout == "none\n"


def test_manual_has_each_variable():
    manual = (ROOT / "docs/latwrap.1").read_text()
    section = manual[manual.index(".Sh ENVIRONMENT"):manual.index(".Sh FILES")]
    for name in (*SET, *LISTS, "BASH_ENV", "NODE_OPTIONS", "PERL5LIB", "LATWRAP_SPAN", "TESTS_ENVIRONMENT"):
        assert re.search(rf"\.(It )?Ev .*\b{name}\b", section), name


# -- shells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("argv", [["bash", "-x", "x.sh"], ["bash", "-v", "x.sh"], ["./traced"], ["sh", "-c", "bash -x x.sh; ./traced"]],
                         ids=["-x", "-v", "script", "below a shell"])
def test_traced_shells(latwrap, children, directory, argv):
    """What they trace is theirs"""
    (directory / "x.sh").write_text("echo one\nbash -c 'echo two'\n")
    (directory / "traced").write_text("#!/bin/bash -x\necho three\n")
    (directory / "traced").chmod(0o755)
    bare = children.run(*argv, cwd=directory)
    run = latwrap("-q", "--", *argv, cwd=directory, report=None)
    assert (run.status, run.stdout, run.stderr) == (bare.status, bare.stdout, bare.stderr)


@pytest.mark.needs("root")
def test_private_temporary_directory(latwrap, directory):
    """Of another user than the command's"""
    directory.chmod(0o755)
    private = directory / "private"
    private.mkdir(mode=0o700)
    (directory / "x.sh").write_text("echo works $(test -w $LATWRAP_SOCKET && echo all)\n")
    run = latwrap("-q", "-u", "nobody", "--", "bash", "x.sh", cwd=directory, env=harness.environment(TMPDIR=str(private)),
                  report=None)
    assert (run.status, run.stdout, run.stderr) == (0, "works all\n", "")


# -- programs in PATH --------------------------------------------------------------------------------------------------


@pytest.fixture
def tools(directory):
    """A directory with tools that are shells: they say what they are called"""
    path = directory / "bin"
    path.mkdir()
    for name in ("node", "go", "cargo", "meson", "ctest"):
        (path / name).symlink_to("/bin/sh")
    return path


@pytest.mark.parametrize("name", ["node", "go", "cargo", "meson", "ctest"])
def test_first_word_is_kept(latwrap, children, tools, name):
    """By name, by another name, and by the path that a build tree has stored: the real one's"""
    environment = harness.environment(PATH=f"{tools}:/usr/bin:/bin")
    script = f"{name} -c 'echo $0'; exec -a other {name} -c 'echo $0'"
    for command in (script, f'"$(command -v {name})" -c \'echo $0\'', f'{name} -c \'exit 7\'', f"{name} /nonexistent"):
        bare = children.run("bash", "-c", command, env=environment)
        run = latwrap("-q", "--", "bash", "-c", command, env=environment, report=None)
        assert (run.status, run.stdout, run.stderr) == (bare.status, bare.stdout, bare.stderr), command


def test_stored_path_goes_on_working(children, directory, tools):
    """After the run, without it, and with the tool gone: as a shell that does not find it"""
    environment = harness.environment(PATH=f"{tools}:/usr/bin:/bin")
    stored = children.run(str(harness.LATWRAP), "-q", "-o", "/dev/null", "--", "sh", "-c", "command -v node", env=environment).stdout.strip()
    assert stored != str(tools / "node")
    done = children.run(stored, "-c", "echo $0 $1", "a", "b c", env=environment)
    assert (done.status, done.stdout) == (0, "a b c\n")
    # A link that somebody has made is not taken for the real one.
    linked = directory / "linked"
    linked.mkdir()
    (linked / "node").symlink_to(stored)
    done = children.run("node", "-c", "echo $0", env=harness.environment(PATH=f"{linked}:{environment['PATH']}"))
    assert (done.status, done.stdout) == (0, "node\n")
    done = children.run(stored, "--version", env=harness.environment(PATH="/nowhere"))
    assert (done.status, done.stdout, done.stderr) == (127, "", "node: not found\n")


@pytest.mark.needs("cmake")
def test_build_tree_outlives_the_run(children, directory, tools):
    environment = harness.environment(PATH=f"{tools}:/usr/bin:/bin")
    (directory / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.10)\nproject(p NONE)\nfind_program(N node)\n"
                                              "add_custom_target(b ALL COMMAND ${N} -c \"echo built\")\n")
    run = children.run(str(harness.LATWRAP), "-q", "-o", "/dev/null", "--", "sh", "-c", "cmake -B b && cmake --build b", cwd=directory,
                       env=environment)
    assert run.status == 0 and "built" in run.stdout, run.stderr
    again = children.run("cmake", "--build", "b", cwd=directory, env=environment)
    assert again.status == 0 and "built" in again.stdout, again.stdout + again.stderr
