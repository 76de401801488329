"""The catalogue (src/catalog) beside what is said of it elsewhere: docs/report.schema.json, docs/causes.md, reports"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text())
SHAKE_SCHEMA = json.loads((ROOT / "docs" / "shake.schema.json").read_text())
JSON_TYPES = {"u64": "integer", "i64": "integer", "bool": "boolean", "number": "number", "text": "string", "texts": "array",
              "rows": "array", "buckets": "array", "object": "object", "map": "object", "numbers": "object", "word": "string"}


@pytest.fixture(scope="module")
def catalog():
    done = subprocess.run([BUILD / "tests" / "unit" / "test_catalog", "--dump"], capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)


def resolve(schema):
    """A schema with what it refers to, its own keywords first"""
    if "anyOf" in schema:
        (other,) = [of for of in schema["anyOf"] if of != {"type": "null"}]
        found = resolve(other)
        return found | {"type": [found.get("type", "object"), "null"]}
    if "$ref" not in schema:
        return schema
    target = SCHEMA if schema["$ref"] == "#" else SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return resolve(target) | {key: value for key, value in schema.items() if key != "$ref"}


def types_of(schema):
    if "enum" in schema:
        return {"null" if value is None else "string" for value in schema["enum"]}
    if "const" in schema:
        return {"integer" if isinstance(schema["const"], int) else "string"}
    types = schema.get("type", [])
    return set(types if isinstance(types, list) else [types])


def field_faults(field, schema, where):
    """What the schema says of a field that its table does not"""
    expected = {JSON_TYPES[field["type"]]} | ({"null"} if field["null"] else set())
    if types_of(schema) != expected:
        yield f"{where}: type {sorted(types_of(schema))}, not {sorted(expected)}"
    if field["type"] == "word" and not field["open"] and set(schema.get("enum", [])) - {None} != set(field["words"]):
        yield f"{where}: enum {schema.get('enum')}, not {field['words']}"
    if field["max"] and schema.get("maximum") != field["max"]:
        yield f"{where}: maximum {schema.get('maximum')}, not {field['max']}"
    if field["type"] == "u64" and "const" not in schema and schema.get("minimum") not in (0, 1):
        yield f"{where}: no minimum"


def faults(catalog, table, schema, where="", seen=()):
    properties = schema.get("properties", {})
    fields = {field["name"]: field for field in catalog["tables"][table]}
    if set(properties) != set(fields):
        yield f"{where}: properties differ: {sorted(set(properties) ^ set(fields))}"
        return
    required = {name for name, field in fields.items() if not field["absent"]}
    if set(schema.get("required", [])) != required:
        yield f"{where}: required differs: {sorted(set(schema.get('required', [])) ^ required)}"
    for name, field in fields.items():
        of, place = resolve(properties[name]), f"{where}.{name}"
        yield from field_faults(field, of, place)
        if "of" not in field or field["of"] in seen or field["type"] in ("buckets", "numbers"):
            continue
        below = resolve(of["items"] if field["type"] == "rows" else of["additionalProperties"] if field["type"] == "map" else of)
        if field["type"] == "map":
            assert set(below["required"]) == {inner["name"] for inner in catalog["tables"][field["of"]][1:]}
            continue
        yield from faults(catalog, field["of"], below, place, (*seen, table))


def test_schema(catalog):
    """Each field of each row: the same names, types, limits and words, and nothing that may be missing"""
    assert list(faults(catalog, 0, SCHEMA)) == []
    assert list(faults(catalog, 1, SHAKE_SCHEMA)) == []


def test_schema_of_causes(catalog):
    kinds = [field["words"] for field in table_with(catalog, "shares") if field["name"] == "kind"][0]
    for kind in kinds:
        causes = [name for name, cause in catalog["causes"].items() if kind in cause["kinds"]]
        row, shares = SCHEMA["$defs"][f"{kind}_stall"]["properties"], SCHEMA["$defs"][f"{kind}_shares"]
        assert row["cause"]["enum"] == [*causes, None]
        assert shares["required"] == [f"{cause}_ns" for cause in causes] == list(shares["properties"])


def table_with(catalog, name):
    return next(table for table in catalog["tables"] if any(field["name"] == name for field in table))


def test_causes_are_explained(catalog):
    text = (ROOT / "docs" / "causes.md").read_text()
    assert [cause for cause in catalog["causes"] if not re.search(rf"`{cause}`", text)] == []


def test_columns_are_places_of_their_own(catalog):
    """CSV's columns must not move; every plain field of a stall has one, but for its bytes in hexadecimal"""
    stall = table_with(catalog, "shares")
    within = [field for name in ("waker", "culprits") for of in stall if of["name"] == name for field in catalog["tables"][of["of"]]]
    places = [field["column"] for field in stall + within if field["column"]]
    assert sorted(places) == list(range(1, len(places) + 1))
    plain = [field for field in stall if field["type"] in ("u64", "i64", "bool", "number", "text", "word")]
    assert [field["name"] for field in plain if not field["column"]] == ["comm_hex", "path_hex"]


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "golden" / "events").glob("*.json")), ids=lambda path: path.stem)
def test_fields_of_other_kinds_are_null(catalog, path):
    fields = {field["name"]: field["kinds"] for field in table_with(catalog, "shares")}
    for stall in json.loads(path.read_text())["stalls"]:
        assert list(stall) == list(fields)
        assert [name for name, kinds in fields.items() if kinds and stall["kind"] not in kinds and stall[name] is not None] == []
