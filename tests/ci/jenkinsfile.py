"""A small reader of declarative Jenkinsfiles: blocks, and steps with arguments; everything else is an error"""

import re

TOKEN = re.compile(r"""\s*(?:
    (?P<comment>//[^\n]*)
  | (?P<long>'''(?:[^'\\]|\\.|'(?!''))*''')
  | (?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\$\n]|\\.)*")
  | (?P<word>[A-Za-z_]\w*|\d+)
  | (?P<mark>[{}(),:])
)""", re.VERBOSE)
# jenkins.io/doc/book/pipeline/syntax: what may stand in which section, and how often it must
SECTIONS = {
    "pipeline": ({"agent", "stages"}, {"post", "options", "environment"}),
    "agent": (set(), {"label"}),
    "stages": ({"stage"}, set()),
    "stage": ({"steps"}, {"agent", "post", "options"}),
    "post": (set(), {"always", "failure", "success", "unstable"}),
}
STEP_BLOCKS = {"steps", "always", "failure", "success", "unstable"}


def tokens_of(text):
    at = 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        assert match, f"cannot read {text[at:at + 40]!r}"
        at = match.end()
        if match.lastgroup != "comment":
            yield match.lastgroup, match[match.lastgroup]


def value_of(kind, text):
    if kind in ("string", "long"):
        quotes = 3 if kind == "long" else 1
        return re.sub(r"\\(.)", r"\1", text[quotes:-quotes])
    words = {"true": True, "false": False}
    assert text in words or text.isdigit(), f"{text!r} is no value"
    return words.get(text, text)


class Reader:
    def __init__(self, text):
        self.tokens = list(tokens_of(text))

    def peek(self):
        return self.tokens[0] if self.tokens else ("end", "")

    def take(self, mark):
        if self.peek() == ("mark", mark):
            self.tokens.pop(0)
            return True
        return False

    def arguments(self):
        """Those of a step: one value, or pairs of name and value, by name; "" names the one"""
        found, closing = {}, self.take("(")
        while True:
            kind, text = self.tokens.pop(0)
            if kind == "word" and self.take(":"):
                found[text] = value_of(*self.tokens.pop(0))
            else:
                found[""] = value_of(kind, text)
            if not self.take(","):
                break
        assert not closing or self.take(")")
        return found

    def entry(self):
        """(name, arguments, entries in its block or None)"""
        kind, name = self.tokens.pop(0)
        assert kind == "word", f"{name!r} where a name should be"
        arguments = {} if self.peek() == ("mark", "{") else self.arguments()
        if not self.take("{"):
            return name, arguments, None
        entries = []
        while not self.take("}"):
            entries.append(self.entry())
        return name, arguments, entries


def check(name, entries):
    if name in STEP_BLOCKS:
        assert entries and all(inner is None for _, _, inner in entries), f"{name} holds steps"
        return
    required, allowed = SECTIONS[name]
    names = [entry[0] for entry in entries]
    assert required <= set(names) <= required | allowed, f"in {name}: {names}"
    for inner_name, _, inner in entries:
        if inner is not None:
            check(inner_name, inner)


def read(text):
    reader = Reader(text)
    name, _, entries = reader.entry()
    assert name == "pipeline" and reader.peek()[0] == "end"
    check(name, entries)
    return entries


def steps_in(entries, *path):
    """The steps of the block that these names lead to"""
    for wanted in path:
        entries = next(inner for name, _, inner in entries if name == wanted)
    return entries
