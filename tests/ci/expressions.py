"""GitHub's expression language, as far as actions use it: literals, contexts, operators, functions; anything else is an error"""

import json
import re

TOKEN = re.compile(r"""\s*(?:
    (?P<number>-?\d+(?:\.\d+)?)(?![\w-])
  | (?P<string>'(?:[^']|'')*')
  | (?P<name>[A-Za-z_][\w-]*)
  | (?P<operator>\|\||&&|[=!<>]=|[()\[\].,!<>])
)""", re.VERBOSE)
WORDS = {"true": True, "false": False, "null": None}


class ExpressionError(Exception):
    """What the runner would refuse"""


def tokens_of(text):
    tokens, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if not match:
            raise ExpressionError(f"cannot read {text[at:]!r} in {text!r}")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return tokens + [("end", "")]


def truth(value):
    return value not in (None, False, 0, "")


def number(value):
    """As docs.github.com has it: null and the empty string are 0, a string that is no number is not one"""
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return float("nan")


def equal(left, right):
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if isinstance(left, (dict, list)) or isinstance(right, (dict, list)):
        return left is right
    if type(left) is type(right):
        return left == right
    return number(left) == number(right)


def to_text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        raise ExpressionError("an object is no text")
    return str(value)


class Parser:
    """Evaluates while it reads: && and || give one of their operands, as in JavaScript"""

    def __init__(self, text, contexts, functions):
        self.text, self.contexts, self.functions = text, contexts, functions
        self.tokens = tokens_of(text)

    def take(self, *operators):
        kind, text = self.tokens[0]
        if kind == "operator" and text in operators:
            self.tokens.pop(0)
            return text
        return None

    def expect(self, operator):
        if not self.take(operator):
            raise ExpressionError(f"expected {operator!r} before {self.tokens[0][1]!r} in {self.text!r}")

    def whole(self):
        value = self.either()
        if self.tokens[0][0] != "end":
            raise ExpressionError(f"{self.tokens[0][1]!r} is too much in {self.text!r}")
        return value

    def either(self):
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value if truth(value) else other
        return value

    def both(self):
        value = self.comparison()
        while self.take("&&"):
            other = self.comparison()
            value = other if truth(value) else value
        return value

    def comparison(self):
        value = self.negation()
        operator = self.take("==", "!=", "<", "<=", ">", ">=")
        if not operator:
            return value
        other = self.negation()
        if operator in ("==", "!="):
            return equal(value, other) == (operator == "==")
        left, right = number(value), number(other)
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]

    def negation(self):
        return not truth(self.negation()) if self.take("!") else self.postfix()

    def postfix(self):
        value = self.primary()
        while True:
            if self.take("."):
                kind, key = self.tokens.pop(0)
                if kind != "name":
                    raise ExpressionError(f"{key!r} is no name in {self.text!r}")
            elif self.take("["):
                key = to_text(self.either())
                self.expect("]")
            else:
                return value
            value = value.get(key) if isinstance(value, dict) else None

    def primary(self):
        kind, text = self.tokens.pop(0)
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if text == "(":
            value = self.either()
            self.expect(")")
            return value
        if kind != "name":
            raise ExpressionError(f"{text!r} is no value in {self.text!r}")
        if text in WORDS:
            return WORDS[text]
        if self.take("("):
            return self.call(text)
        if text not in self.contexts:
            raise ExpressionError(f"there is no context {text!r}")
        return self.contexts[text]

    def call(self, name):
        arguments = []
        while not self.take(")"):
            if arguments:
                self.expect(",")
            arguments.append(self.either())
        if name not in self.functions:
            raise ExpressionError(f"there is no function {name!r}")
        return self.functions[name](*arguments)


def evaluate(text, contexts, functions=()):
    return Parser(text, contexts, {"toJSON": lambda value: json.dumps(value, indent=2), **dict(functions)}).whole()


def interpolate(text, contexts, functions=()):
    """Text with each ${{ ... }} replaced by its value. What a value contains is not looked at again"""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: to_text(evaluate(match[1], contexts, functions)), text, flags=re.DOTALL)
