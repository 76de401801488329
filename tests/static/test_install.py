"""make install and uninstall: what goes where, by the names that packagers know, and that nothing stays"""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))

FILES = {
    "bin/latwrap": 0o755,
    "share/man/man1/latwrap.1": 0o644,
    "share/latwrap/report.schema.json": 0o644,
    "share/latwrap/doctor.schema.json": 0o644,
    "share/latwrap/log.schema.json": 0o644,
    "share/latwrap/compare.schema.json": 0o644,
    "share/latwrap/shake.schema.json": 0o644,
    "share/latwrap/latwrap.sh": 0o644,
    "share/latwrap/LatwrapListener.java": 0o644,
    "share/bash-completion/completions/latwrap": 0o644,
    "share/zsh/site-functions/_latwrap": 0o644,
    "share/fish/vendor_completions.d/latwrap.fish": 0o644,
}


def make(*arguments):
    """Runs make as a user would, not as a part of the make that may run these tests. What is built is not built anew."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "-C", ROOT, "--no-print-directory", "-o", "all", f"O={os.path.relpath(BUILD, ROOT)}", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def installed(directory):
    """Every file below directory, with its permissions"""
    return {str(path.relative_to(directory)): path.stat().st_mode & 0o7777
            for path in directory.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("prefix", ["/usr/local", "/opt/latwrap"])
def test_install_and_uninstall(directory, prefix):
    stage = directory / "the stage"
    where = [f"DESTDIR={stage}", f"prefix={prefix}"]
    make("install", *where)
    assert installed(stage) == {f"{prefix[1:]}/{name}": mode for name, mode in FILES.items()}
    make("uninstall", *where)
    assert installed(stage) == {}
    assert not (stage / prefix[1:] / "share/latwrap").exists()
    make("uninstall", *where)


def test_uninstall_takes_only_its_own(directory):
    make("install", f"DESTDIR={directory}")
    share = directory / "usr/local/share"
    others = [directory / "usr/local/bin/other", share / "man/man1/other.1", share / "fish/vendor_completions.d/other.fish"]
    for other in others:
        other.write_text("somebody else's")
    make("uninstall", f"DESTDIR={directory}")
    assert set(installed(directory)) == {str(other.relative_to(directory)) for other in others}


def test_each_directory_can_be_chosen(directory):
    chosen = {"bindir": "/b", "mandir": "/m", "datadir": "/d", "bashcompdir": "/bash", "zshcompdir": "/zsh", "fishcompdir": "/fish"}
    make("install", f"DESTDIR={directory}", *(f"{name}={value}" for name, value in chosen.items()))
    assert set(installed(directory)) == {
        "b/latwrap", "m/man1/latwrap.1", "d/latwrap/report.schema.json", "d/latwrap/doctor.schema.json",
        "d/latwrap/log.schema.json", "d/latwrap/compare.schema.json", "d/latwrap/shake.schema.json",
        "d/latwrap/latwrap.sh", "d/latwrap/LatwrapListener.java",
        "bash/latwrap", "zsh/_latwrap", "fish/latwrap.fish"}
    make("uninstall", f"DESTDIR={directory}", *(f"{name}={value}" for name, value in chosen.items()))
    assert installed(directory) == {}


def test_installed_program_runs(directory):
    make("install", f"DESTDIR={directory}")
    done = subprocess.run([directory / "usr/local/bin/latwrap", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"latwrap {(ROOT / 'VERSION').read_text().strip()}\n"


def test_version_is_written_once():
    """Releases change VERSION, and the CHANGELOG's heading: nothing else may know the number"""
    version = (ROOT / "VERSION").read_text().strip()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    paths = [ROOT / "Makefile", ROOT / "README.md", ROOT / "docs/latwrap.1"]
    for folder in ("src", "bpf", "ci", "wrappers"):
        paths += [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    quoted = re.compile(rf"(?<![\d.]){re.escape(version)}(?![\d.])")
    assert not [str(path.relative_to(ROOT)) for path in paths if quoted.search(path.read_text(errors="replace"))]
