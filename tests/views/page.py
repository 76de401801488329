"""A page as a parser sees it: its tags, attributes, text and embedded scripts, and the reports in it"""

import base64
import gzip
import json
import re
from html.parser import HTMLParser

from viewtools import check_harmless

LIMIT_BYTES = 1_000_000
STATIC_TAGS = {"html", "head", "meta", "link", "title", "style", "body", "header", "main", "div", "section", "h1", "h2", "p", "ul",
               "li", "strong", "code", "br", "table", "tr", "th", "td", "script"}
STATIC_ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "id", "type"}


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text, self.code, self.parts, self.open = [], [], [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        if tag in ("script", "style"):
            self.parts.append("")
        if tag == "code":
            self.code.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("script", "style"):
            self.parts[-1] += data
            return
        self.text.append(data)
        if self.open and self.open[-1] == "code":
            self.code[-1] += data


def read(html):
    """The page as a parser sees it, its form checked"""
    assert len(html.encode()) < LIMIT_BYTES
    assert html.startswith("<!DOCTYPE html>")
    check_harmless(re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL))
    page = Page(html)
    assert set(page.tags) <= STATIC_TAGS
    assert {name for _, name, _ in page.attributes} <= STATIC_ATTRIBUTES
    assert page.tags.count("script") == 2 and page.tags.count("style") == 1 and not page.open
    assert [value for _, name, value in page.attributes if name == "href"] == ["data:,"]
    return page


def data_of(page):
    return json.loads(gzip.decompress(base64.b64decode(page.parts[1], validate=True)))
