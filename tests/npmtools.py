"""Packages from npm's registry for tests: just those that a package-lock.json pins, fetched once into the build directory"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))
TIMEOUT_S = 240


def skip(reason):
    """The benchmark uses this module, too, and needs no pytest"""
    import pytest  # pylint: disable=import-outside-toplevel

    pytest.skip(reason)


def node_modules(directory):
    """The node_modules for directory's package.json and package-lock.json; no script of a package is run"""
    lock = (directory / "package-lock.json").read_bytes()
    place = BUILD / "npm" / f"{directory.name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if (place / "complete").exists():
        return place / "node_modules"
    if not shutil.which("npm"):
        skip("npm is not installed")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(directory / name, place)
    # Not `npm ci`: it wants the lock file to name the packages for all other systems, too.
    done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=place, capture_output=True,
                          timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        skip(f"the packages of {directory.relative_to(ROOT)} cannot be had from npm's registry")
    (place / "complete").touch()
    return place / "node_modules"


def node(script, *args, **kwargs):
    """Runs a script that lies beside its package.json"""
    return subprocess.run(["node", script, *args], capture_output=True, timeout=TIMEOUT_S, check=False,
                          env=os.environ | {"NODE_PATH": str(node_modules(script.parent))}, **kwargs)
