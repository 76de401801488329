"""DuckDB and ClickHouse from npm's registry, as tests/fleet runs the files of ci/fleet on them"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FLEET = ROOT / "ci" / "fleet"
QUERIES = sorted((FLEET / "queries").glob("*.sql"))
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))
TIMEOUT_S = 240


def modules():
    """The node_modules that package-lock.json pins, fetched once into the build directory; no script of theirs is run"""
    lock = (HERE / "package-lock.json").read_bytes()
    place = BUILD / "npm" / f"fleet-{hashlib.sha256(lock).hexdigest()[:16]}"
    if (place / "complete").exists():
        return place / "node_modules"
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, place)
    # Not `npm ci`: it wants the lock file to name the packages for all other systems, too.
    done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=place, capture_output=True,
                          timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        pytest.skip("the database engines cannot be had from npm's registry")
    (place / "complete").touch()
    return place / "node_modules"


def node(script, *args):
    return subprocess.run(["node", HERE / script, *args], capture_output=True, timeout=TIMEOUT_S, check=False,
                          env=os.environ | {"NODE_PATH": str(modules())})


class Engine:
    def __init__(self, directory):
        self.directory = directory

    def sql(self, text):
        """A file with this in it"""
        path = self.directory / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.sql"
        path.write_text(text)
        return path

    def run(self, reports, *files):
        """Runs the files one after another; returns the rows of each as dictionaries"""
        done = self.start(reports, *files)
        assert done.returncode == 0, done.stderr.decode()
        return {name: [dict(zip(result["columns"], row)) for row in result["rows"]]
                for name, result in json.loads(done.stdout).items()}

    def load(self, reports, *then):
        found = self.run(reports, *self.files(reports), *then)
        return [found[str(path)] for path in then]


class DuckDB(Engine):
    name = "duckdb"

    def start(self, reports, *files):
        return node("duckdb.cjs", self.directory / "fleet.duckdb", reports, *files)

    def files(self, _reports):
        return [FLEET / "duckdb" / "schema.sql", FLEET / "duckdb" / "load.sql"]


class ClickHouse(Engine):
    name = "clickhouse"

    def start(self, _reports, *files):
        return node("clickhouse.cjs", self.directory / "clickhouse", *files)

    def files(self, reports):
        return [FLEET / "clickhouse" / "schema.sql",
                self.sql(f"INSERT INTO latwrap.reports SELECT json FROM file('{reports}', 'JSONAsString');\n")]


ENGINES = {engine.name: engine for engine in (DuckDB, ClickHouse)}
