"""The small runner's own rules, by docs.github.com's "Evaluate expressions" and what actions/runner reads in a log"""

import pytest
from actionrunner import commands_in, read_pairs
from expressions import ExpressionError, evaluate, interpolate

CONTEXTS = {"inputs": {"a-b": "X", "none": "", "n": "3"}, "steps": {"one": {"outputs": {"path": "/p"}}}}
FUNCTIONS = {"always": lambda: True, "success": lambda: False}


@pytest.mark.parametrize("text, value", [
    ("inputs.a-b == 'x'", True), ("inputs.none != ''", False), ("inputs.n == 3", True), ("inputs.n > 2", True),
    ("steps.one.outputs.path", "/p"), ("steps.two.outputs.path", None), ("steps['one'].outputs['path']", "/p"),
    ("always() && inputs.none", ""), ("success() || 'other'", "other"), ("!success() && !inputs.none", True),
    ("'it''s'", "it's"), ("1 == true", True), ("null == ''", True), ("(1 == 2) == false", True), ("-1.5 < 0", True),
    ("'a' && 'b' || 'c'", "b"), ("toJSON(null)", "null"), ("toJSON(steps.one.outputs)", '{\n  "path": "/p"\n}'), ("true && false || 'c'", "c"),
])
def test_value(text, value):
    assert evaluate(text, CONTEXTS, FUNCTIONS) == value


@pytest.mark.parametrize("text", ["nowhere.a", "unknown()", "'open", "1 +", "a b", "inputs.", "(1", "1 == 2 3"])
def test_refused(text):
    with pytest.raises(ExpressionError):
        evaluate(text, CONTEXTS, FUNCTIONS)


def test_interpolation_happens_once():
    assert interpolate("a ${{ inputs.x }} b", {"inputs": {"x": "${{ inputs.x }}"}}) == "a ${{ inputs.x }} b"


def test_commands():
    log = "text\n  ::error file=a%2Cb,line=3::x%0Ay%25\nno ::error::\n::group::g\n\tx ##[warning]w\r::notice::n\n"
    found = [(command.name, command.properties, command.data) for command in commands_in(log)]
    assert found == [("error", {"file": "a,b", "line": "3"}, "x\ny%"), ("group", {}, "g"), ("warning", {}, "w"),
                     ("notice", {}, "n")]


def test_pairs(directory):
    path = directory / "output"
    path.write_text("a=1=2\nb<<END\nline\n\nlast\nEND\nc=\n")
    assert read_pairs(path) == {"a": "1=2", "b": "line\n\nlast", "c": ""}
    path.write_text("nonsense\n")
    with pytest.raises(AssertionError):
        read_pairs(path)
