"""Tests of the sources' form: who includes whom, how long a function is, and that its first line says its job"""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What a file in src/ROOM may include, by the first part of the path, from the ground up: a room stands above all that
# it includes, so there is no circle between rooms. src/main.c counts as cli.
LAYERS = {
    "base": {"base"},
    "catalog": {"base", "catalog", "abi.h"},
    "system": {"base", "system"},
    "model": {"base", "catalog", "model", "abi.h"},
    "spans": {"base", "catalog", "model", "spans", "abi.h"},
    "answer": {"base", "catalog", "model", "spans", "answer"},
    "report": {"base", "catalog", "model", "spans", "answer", "report"},
    "views": {"base", "catalog", "report", "views"},
    "compare": {"base", "catalog", "report", "views", "compare"},
    "shake": {"base", "catalog", "report", "views", "shake"},
    "trace": {"base", "catalog", "system", "model", "trace", "abi.h"},
    "runners": {"base", "catalog", "system", "model", "spans", "runners"},
    "run": {"base", "catalog", "system", "model", "spans", "trace", "runners", "run",
            "glob.h"},
    "cli": {"base", "catalog", "system", "model", "spans", "answer", "report", "views", "compare", "shake", "trace", "runners",
            "run", "cli"},
}
MAX_FUNCTION_LINES = 60
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def repository_files():
    """What Git tracks and still exists; in an unpacked archive, without Git, every file but the build's."""
    git = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=False)
    if git.returncode == 0:
        names = git.stdout.decode().split("\0")[:-1]
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
        names = [name for name in names if not name.startswith((".git/", "build/"))]
    return sorted(name for name in names if (ROOT / name).is_file())


FILES = repository_files()
C_FILES = [name for name in FILES if name.startswith("src/") and name.endswith((".c", ".h"))]
# Headers without functions of their own
ONLY_TYPES = ["src/catalog/report.h"]
SOURCES = [name for name in FILES if name.endswith((".c", ".h", ".py", ".sh"))]


def include_breaches(name, text):
    """The include lines in text that the file src/... called name must not have, each with the reason."""
    parts = name.split("/")
    layer = parts[1] if len(parts) > 2 else "cli"
    allowed = LAYERS.get(layer)
    if allowed is None:
        return [f"{name}: src/{layer} is not one of the layers {', '.join(LAYERS)}"]

    breaches = []
    for bracket, header in INCLUDE.findall(text):
        needs_bpf = header.startswith("bpf/") or header.endswith(".skel.h")
        if needs_bpf:
            if layer != "trace":
                breaches.append(f"{name}: only src/trace may include {header}")
        elif bracket == '"' and header.split("/")[0] not in allowed:
            breaches.append(f"{name}: src/{layer} may not include {header}")
        elif bracket == "<" and header.split("/")[0] in LAYERS.keys() | {"abi.h"}:
            breaches.append(f"{name}: our own {header} belongs in quotes")
    return breaches


def job_of(name, text):
    """What the first line says the file is for: a comment, a docstring, or the line below "#!" or the license."""
    lines = [line.strip() for line in text.split("\n")] + ["", ""]
    first = lines[1] if lines[0].startswith("#!") or "SPDX-License-Identifier:" in lines[0] else lines[0]
    openers = ("/*", "//") if name.endswith((".c", ".h")) else ("#", '"""', '\'\'\'')
    opener = next((opener for opener in openers if first.startswith(opener)), None)
    if opener is None:
        return ""
    return first[len(opener):].strip("*/\"'# ")


@pytest.mark.parametrize("name", C_FILES)
def test_includes(name):
    assert not include_breaches(name, (ROOT / name).read_text())


def long_functions(text):
    """The functions, by the line in which each begins, that have more than MAX_FUNCTION_LINES between their braces."""
    start, found = None, []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            if number - start - 1 > MAX_FUNCTION_LINES:
                found.append(start)
            start = None
    return found


@pytest.mark.parametrize("name", [name for name in SOURCES if name.endswith((".c", ".h"))])
def test_length_of_functions(name):
    found = long_functions((ROOT / name).read_text())
    assert not found, f"{name}: functions of more than {MAX_FUNCTION_LINES} lines at {found}"


def test_long_function_is_found():
    body = "\tcall();\n"
    assert long_functions("int f(void)\n{\n" + body * MAX_FUNCTION_LINES + "}\n") == []
    assert long_functions("int f(void)\n{\n" + body * (MAX_FUNCTION_LINES + 1) + "}\n") == [2]


def includes_of(name):
    """The headers of our own that a file in src includes, as paths in the repository"""
    headers = [f"src/{header}" for bracket, header in INCLUDE.findall((ROOT / name).read_text()) if bracket == '"']
    return [header for header in headers if header in FILES]


def circle_in(graph):
    """A list of names that lead back to the first one, or None"""
    done, path = set(), []

    def visit(name):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done:
            return None
        path.append(name)
        found = next(filter(None, map(visit, graph.get(name, ()))), None)
        path.pop()
        done.add(name)
        return found

    return next(filter(None, map(visit, graph)), None)


def test_headers_include_each_other_in_no_circle():
    assert circle_in({name: includes_of(name) for name in C_FILES if name.endswith(".h")}) is None


def modules_of(names):
    """A .c file and the header of its name are one module: by its name, the modules that it includes"""
    graph = {}
    for name in names:
        module, _ = os.path.splitext(name)
        includes = {os.path.splitext(header)[0] for header in includes_of(name)}
        graph.setdefault(module, set()).update(includes - {module})
    return graph


def test_modules_include_each_other_in_no_circle():
    """Who calls whom in a room is one direction, too"""
    assert circle_in(modules_of(C_FILES)) is None


@pytest.mark.parametrize("name", C_FILES)
def test_header_belongs_to_one_c_file(name):
    """What a .c file offers is in the header of its name, and a header has nothing else"""
    module, extension = os.path.splitext(name)
    assert name in ("src/main.c", *ONLY_TYPES) or module + (".h" if extension == ".c" else ".c") in FILES


def test_rooms_stand_on_each_other():
    """Each room includes only rooms before it in LAYERS: what a record goes through is one direction"""
    rooms = list(LAYERS)
    for number, (room, allowed) in enumerate(LAYERS.items()):
        assert allowed & LAYERS.keys() <= set(rooms[:number + 1]), room


def test_circle_is_found():
    assert circle_in({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]
    assert circle_in({"a": ["b", "c"], "b": ["c"], "c": []}) is None


@pytest.mark.parametrize("name", SOURCES)
def test_first_line_names_the_job(name):
    text = (ROOT / name).read_text()
    if not text and name.endswith("__init__.py"):
        return
    assert len(job_of(name, text).split()) >= 3, f"{name}: the first line is no comment that says what the file is for"


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("bpf/", "src/trace/"))])
def test_license_is_named(name):
    """The kernel takes the BPF programs as dual-licensed: each file says so, and what loads them says that it is not"""
    license = "MIT OR GPL-2.0-only" if name.startswith("bpf/") else "MIT"
    assert (ROOT / name).read_text().split("\n")[0].strip("/* ") == f"SPDX-License-Identifier: {license}"


# The rules themselves: a check that cannot fail would be worth nothing.

@pytest.mark.parametrize("name, line", [
    ("src/base/util.c", '#include "model/hist.h"'),
    ("src/base/util.c", '#include "abi.h"'),
    ("src/catalog/causes.c", '#include "model/cause.h"'),
    ("src/model/hist.c", '#include "report/write.h"'),
    ("src/model/hist.c", '#include "trace/trace.h"'),
    ("src/model/hist.c", '  #  include "trace/trace.h"'),
    ("src/model/hist.c", '#include "hist.h"'),
    ("src/report/write.c", '#include "run/session.h"'),
    ("src/report/write.c", '#include "abi.h"'),
    ("src/run/session.c", '#include "report/write.h"'),
    ("src/run/session.c", '#include "cli/options.h"'),
    ("src/run/session.c", "#include <bpf/libbpf.h>"),
    ("src/run/session.c", '#include "latwrap.skel.h"'),
    ("src/run/trace.c", "#include <bpf/libbpf.h>"),
    ("src/views/text/text.c", '#include "model/model.h"'),
    ("src/trace/trace.c", '#include "run/session.h"'),
    ("src/cli/doctor.c", "#include <bpf/bpf.h>"),
    ("src/cli/doctor.c", '#include "abi.h"'),
    ("src/main.c", '#include "facts.skel.h"'),
    ("src/model/trace.c", "#include <bpf/bpf.h>"),
    ("src/model/hist.c", "#include <base/util.h>"),
    ("src/other/file.c", ""),
])
def test_breach_is_found(name, line):
    assert include_breaches(name, f"/* A file */\n{line}\n")


@pytest.mark.parametrize("name, line", [
    ("src/base/util.c", '#include "base/util.h"'),
    ("src/base/util.c", "#include <stdlib.h>"),
    ("src/model/model.c", '#include "abi.h"'),
    ("src/report/json.c", "#include <cjson/cJSON.h>"),
    ("src/trace/trace.c", '#include "latwrap.skel.h"'),
    ("src/trace/trace_probe.c", "#include <bpf/libbpf.h>"),
    ("src/run/session.c", '#include "model/model.h"'),
    ("src/run/session.c", "#include <linux/bpf.h>"),
    ("src/cli/run.c", '#include "run/session.h"'),
    ("src/main.c", '#include "cli/run.h"'),
    ("src/run/session.c", '// "report/write.h" is not included'),
])
def test_clean_line_passes(name, line):
    assert not include_breaches(name, f"/* A file */\n{line}\n")


@pytest.mark.parametrize("name, text, job", [
    ("a.c", "/* Durations for people */\n", "Durations for people"),
    ("a.h", "// Durations for people\n", "Durations for people"),
    ("a.py", '"""Durations for people"""\n', "Durations for people"),
    ("a.py", '#!/usr/bin/python3\n"""Durations for people"""\n', "Durations for people"),
    ("a.sh", "#!/bin/sh\n# Durations for people\n", "Durations for people"),
    ("a.sh", "#!/bin/sh\n\n# Durations for people\n", ""),
    ("a.c", "#include <stdio.h>\n", ""),
    ("a.c", "\n/* Durations for people */\n", ""),
    ("a.c", "/*\n * Durations for people\n */\n", ""),
    ("a.c", "// SPDX-License-Identifier: MIT\n", ""),
    ("a.c", "// SPDX-License-Identifier: MIT\n/* Durations for people */\n", "Durations for people"),
    ("a.py", "import os\n", ""),
    ("a.py", "", ""),
])
def test_job_of(name, text, job):
    assert job_of(name, text) == job


def test_repository_is_seen():
    assert "src/base/util.c" in FILES and C_FILES and SOURCES
