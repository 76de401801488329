"""make deb: what lintian says, and that the package installs, runs and goes away again in a bare Debian"""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import packagetools
from packagetools import ROOT, run

VERSION = (ROOT / "VERSION").read_text().strip()


@pytest.fixture(scope="module")
def packages(module_directory):
    run(ROOT / "ci/package.sh", "deb", env={"O": str(module_directory)})
    return module_directory / "dist"


@pytest.fixture(scope="module")
def package(packages):
    return next(packages.glob(f"latwrap_{VERSION}-1_*.deb"))


@pytest.fixture(scope="module")
def system(module_directory):
    """A bare Debian of this machine's release, with nothing but what every Debian has"""
    release = subprocess.run(["sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME"], capture_output=True, text=True, check=True)
    root = module_directory / "system"
    run("debootstrap", "--variant=minbase", release.stdout.strip(), root, packagetools.mirror())
    for name in ("apt/sources.list.d", "apt/trusted.gpg.d", "resolv.conf"):
        source, target = Path("/etc", name), root / "etc" / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, target)
    return root


def test_lintian(packages):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", "--info", *packages.glob("*.changes")],
                          capture_output=True, text=True, check=False, cwd=packages)
    assert done.returncode == 0, done.stdout + done.stderr


def test_source_package_is_complete(packages):
    names = {path.name for path in packages.iterdir()}
    assert {f"latwrap_{VERSION}.orig.tar.gz", f"latwrap_{VERSION}-1.debian.tar.xz", f"latwrap_{VERSION}-1.dsc"} <= names


def test_package_in_a_bare_system(package, system):
    before = packagetools.files(system)
    shutil.copy(package, system / "latwrap.deb")
    packagetools.chroot(system, "apt-get", "-q", "update")
    packagetools.chroot(system, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qy", "--no-install-recommends", "install",
                        "/latwrap.deb")
    added = packagetools.files(system) - before
    assert {"usr/bin/latwrap", "usr/share/latwrap/report.schema.json", "usr/share/zsh/vendor-completions/_latwrap"} <= added
    assert not [name for name in added if "latwrap" in name and name.startswith(("etc/", "usr/local/", "var/lib/latwrap"))]

    assert packagetools.chroot(system, "latwrap", "--version") == f"latwrap {VERSION}\n"
    doctor = json.loads(packagetools.chroot(system, "latwrap", "doctor", "--json"))
    assert doctor["status"] == "full"
    packagetools.chroot(system, "latwrap", "-o", "/report.json", "--", "sh", "-c", "cat /etc/passwd >/dev/null; exit 0")
    packagetools.check_report(system / "report.json")
    (system / "report.json").unlink()
    (system / "latwrap.deb").unlink()

    packagetools.chroot(system, "apt-get", "-qy", "purge", "latwrap")
    assert not [name for name in packagetools.files(system) - before if "latwrap" in name]
