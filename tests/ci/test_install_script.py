"""install.sh of a release: one line to type, and nothing installed whose checksum is not the release's"""

import os
import shutil
import subprocess

import pytest

import releaseserver
from citools import ROOT, base_environment, install_script, released_name

PROGRAM = b"#!/bin/sh\necho latwrap\n"
NAME = released_name("1.2.3")


@pytest.fixture
def server():
    with releaseserver.Server({f"/{NAME}": PROGRAM}) as server:
        yield server


@pytest.fixture
def script(directory, server):
    return install_script(directory, "1.2.3", PROGRAM, server.url)


def pipe(script, directory, *words, **environment):
    """curl ... | bash -s -- WORDS"""
    env = base_environment(HOME=str(directory), **environment)
    return subprocess.run(["bash", "-s", "--", *words], input=script, cwd=directory, env=env, capture_output=True, text=True, check=False)


def tools_without(directory, *names):
    """A PATH with what the script needs, and without some of it"""
    place = directory / "bin"
    place.mkdir()
    for tool in {"bash", "uname", "mktemp", "mkdir", "mv", "rm", "chmod", "sha256sum", "curl", "wget", "dirname", "cat"} - set(names):
        (place / tool).symlink_to(shutil.which(tool))
    return str(place)


@pytest.mark.parametrize("without", [[], ["curl"]], ids=["curl", "wget"])
def test_installs(script, server, directory, without):
    done = pipe(script, directory, "--to", "there/bin", PATH=tools_without(directory, *without))
    assert (done.returncode, done.stdout) == (0, "there/bin/latwrap\n"), done.stderr
    program = directory / "there/bin/latwrap"
    assert program.read_bytes() == PROGRAM and program.stat().st_mode & 0o777 == 0o755
    assert os.listdir(program.parent) == ["latwrap"] and server.requests == [f"/{NAME}"]


@pytest.mark.parametrize("wrong, said", [("other bytes", "is not the program that was released"), ("cut", "cannot download"),
                                         ("missing", "cannot download")])
def test_nothing_wrong_is_installed(script, server, directory, wrong, said):
    old = directory / "to" / "latwrap"
    old.parent.mkdir()
    old.write_text("an older one")
    server.wrong = wrong
    done = pipe(script, directory, "--to", "to")
    assert done.returncode == 1 and said in done.stderr and done.stdout == ""
    assert os.listdir(old.parent) == ["latwrap"] and old.read_text() == "an older one"


def test_cut_script(script, server, directory):
    """Wherever the script is cut, nothing is installed"""
    for end in range(0, len(script) - len('main "$@"\n') + 1, 97):
        pipe(script[:end], directory, "--to", "to")
    assert not (directory / "to").exists() and not server.requests


@pytest.mark.parametrize("words, said", [(["--to"], "--to needs a value"), (["nonsense"], "'nonsense' is not an option")])
def test_usage(script, server, directory, words, said):
    done = pipe(script, directory, *words)
    assert done.returncode == 1 and said in done.stderr and not server.requests


def test_another_machine(script, directory):
    script = script.replace(NAME, "latwrap-1.2.3-linux-riscv64")
    done = pipe(script, directory)
    assert done.returncode == 3 and "there is no release of latwrap 1.2.3" in done.stderr


def test_no_downloader(script, directory):
    done = pipe(script, directory, "--to", "to", PATH=tools_without(directory, "curl", "wget"))
    assert done.returncode == 1 and "neither curl nor wget is installed" in done.stderr


def test_from_the_source(server, directory):
    """Without a URL, it says what is missing"""
    done = subprocess.run([ROOT / "ci/install.sh", "--to", directory / "to"], env=base_environment(), capture_output=True, text=True,
                          check=False)
    assert done.returncode in (1, 3) and ("there is no release" in done.stderr or "--url" in done.stderr)
