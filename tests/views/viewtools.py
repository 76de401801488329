"""What the tests of views share: running latwrap report, and what no view may ever print"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from whole import whole

ROOT = Path(__file__).resolve().parents[2]
LATWRAP = Path(os.environ.get("BUILD_DIR", ROOT / "build")) / "latwrap"
TIMEOUT_S = 120

# What moves a cursor, ends a line where none ends, or reorders text.
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


def run(*args, **kwargs):
    return subprocess.run([LATWRAP, "report", *args], capture_output=True, timeout=TIMEOUT_S, check=False, **kwargs)


def view(format_name, report, *args):
    """The view of one report, given as a Python value, as text with its line ends as they are; what it lacks is filled in"""
    done = run("--format", format_name, *args, "-", input=json.dumps(whole(report)).encode())
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    return done.stdout.decode()


# What a part of a report cannot be, whichever part it is.
WRONG_TYPES = [None, 5, "x", True, [1, "x", None, [], {}]]


def refused(format_name, part, value):
    """The line that refuses a report in which that part is of a wrong type: it names the part"""
    report = whole({"schema_version": 1}) | {part: value}
    done = run("--format", format_name, "-", input=json.dumps(report).encode())
    assert done.returncode == 1
    line, = done.stderr.decode().splitlines()
    assert re.match(rf"latwrap: standard input: not as latwrap writes it: {part}(\[0\])? is ", line), line


def view_files(format_name, *paths, status=0):
    done = run("--format", format_name, *paths)
    assert done.returncode == status, done.stderr
    return done.stdout.decode()


def write(directory, name, report):
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole(report)))
    return path


def check_harmless(text, commands=False):
    """Nothing for a terminal or a CI system to obey, wherever the view is printed"""
    found = FORBIDDEN.search(text)
    assert not found, repr(text[max(found.start() - 40, 0):found.end() + 10])
    assert "##" not in re.sub(r"^#{2,4} ", "", text, flags=re.MULTILINE)
    if not commands:
        assert not [line for line in re.split(r"[\r\n]", text) if line.strip().startswith("::")]


def terminal(text, longest=None):
    """Text as view_escape_terminal() shows it, where it is not shortened"""
    text = text.partition("\0")[0]  # where a C string ends; the recorder writes none
    text = re.sub("[\x00-\x1f\x7f]", lambda match: f"\\x{ord(match[0]):02x}", text)
    text = FORBIDDEN.sub(lambda match: f"\\u{{{ord(match[0]):04x}}}", text)
    text = re.sub("(?<=#)#", r"\\x23", text)
    return text if longest is None or len(text) <= longest else None


def npm_package(name, version, sha512):
    """The directory of a package from npm's registry, fetched once into the build directory; no script of it is run"""
    place = LATWRAP.parent / "npm" / f"{name}-{version}"
    if (place / "package").is_dir():
        return place / "package"
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    place.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=place, capture_output=True, timeout=90, check=True)
    except (subprocess.SubprocessError, OSError):
        pytest.skip(f"{name} cannot be had from npm's registry")
    archive, = place.glob("*.tgz")
    assert hashlib.sha512(archive.read_bytes()).hexdigest() == sha512
    subprocess.run(["tar", "-xzf", archive.name, "--no-same-owner"], cwd=place, timeout=60, check=True)
    return place / "package"
