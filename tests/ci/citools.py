"""What the tests of ci/ share: the program, a user who may use sudo, tools from npm, and a command's environment"""

import functools
import hashlib
import os
import platform
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "ci"
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))
LATWRAP = BUILD / "latwrap"
NPM = Path(__file__).parent / "npm"
USER = pwd.getpwnam("nobody")


def base_environment(**more):
    return {"PATH": f"{BUILD}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/", "LANG": "C.UTF-8", **more}


def released_name(version):
    """The name of a release's program for this machine"""
    return f"latwrap-{version}-linux-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}[platform.machine()] }"


def install_script(directory, version, program, url):
    """install.sh, as ci/package.sh makes it for a release with this content of the program"""
    source = directory / "source"
    shutil.copytree(CI, source / "ci", ignore=shutil.ignore_patterns("__pycache__"))
    (source / "VERSION").write_text(f"{version}\n")
    (source / "ci/SHA256SUMS").write_text(f"{hashlib.sha256(program).hexdigest()}  {released_name(version)}\n")
    return subprocess.run([source / "ci/package.sh", "installer"], env=base_environment(RELEASE_URL=url), capture_output=True,
                          check=True, text=True).stdout


def sudoers(directory, line):
    path = directory / "sudoers"
    path.write_text(f"Defaults env_reset, secure_path=/usr/sbin:/usr/bin:/sbin:/bin\n{line}\n")
    path.chmod(0o440)
    return path


def user_prefix(directory, may_sudo=True, groups=None):
    """Words before a command: it runs as USER, who may use sudo, or is not known to it. With groups, a process like the
    one that starts a step has these groups, too, and stays the parent"""
    for name in ("sudo", "setpriv", "unshare"):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")
    rules = sudoers(directory, f"{USER.pw_name} ALL=(ALL:ALL) NOPASSWD: ALL" if may_sudo else "")
    script = 'mount --bind "$1" /etc/sudoers && exec setpriv --reuid "$2" --regid "$3" "${@:4}"'
    parent = ["bash", "-c", '"$@"; exit "$?"', "runner"]
    return ["unshare", "--mount", "--propagation", "private", "bash", "-c", script, "as-user", str(rules), str(USER.pw_uid),
            str(USER.pw_gid), *([f"--groups={groups}", "--", *parent] if groups else ["--clear-groups", "--"])]


@functools.lru_cache(maxsize=None)
def npm_tools():
    """node_modules with the packages of tests/ci/npm, as its lock file pins them, in the build directory. Their scripts
    do not run"""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    lock = (NPM / "package-lock.json").read_bytes()
    place = BUILD / "npm" / f"ci-{hashlib.sha256(lock).hexdigest()[:16]}"
    done = place / "installed"
    if not done.exists():
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(NPM / name, place)
        try:
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=place,
                           capture_output=True, timeout=240, check=True)
        except (subprocess.SubprocessError, OSError) as error:
            pytest.skip(f"the packages cannot be had from npm's registry: {getattr(error, 'stderr', error)}")
        done.touch()
    return place / "node_modules"


def environment_of(path):
    """What `env -0` wrote"""
    return dict(entry.split("=", 1) for entry in path.read_bytes().decode().split("\0") if entry)
