"""DuckDB and ClickHouse from npm's registry, as tests/fleet runs the files of ci/fleet on them"""

import hashlib
import json
from pathlib import Path

from npmtools import node

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FLEET = ROOT / "ci" / "fleet"
QUERIES = sorted((FLEET / "queries").glob("*.sql"))


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
        return node(HERE / "duckdb.cjs", self.directory / "fleet.duckdb", reports, *files)

    def files(self, _reports):
        return [FLEET / "duckdb" / "schema.sql", FLEET / "duckdb" / "load.sql"]


class ClickHouse(Engine):
    name = "clickhouse"

    def start(self, _reports, *files):
        return node(HERE / "clickhouse.cjs", self.directory / "clickhouse", *files)

    def files(self, reports):
        return [FLEET / "clickhouse" / "schema.sql",
                self.sql(f"INSERT INTO latwrap.reports SELECT json FROM file('{reports}', 'JSONAsString');\n")]


ENGINES = {engine.name: engine for engine in (DuckDB, ClickHouse)}
