"""A page as a parser sees it: its tags, attributes, text and embedded scripts"""

from html.parser import HTMLParser


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
