"""Reports each test of pytest to latwrap over $LATWRAP_SOCKET (docs/spans.md describes the messages)

pytest finds this plugin as an entry point, because latwrap adds this directory to PYTHONPATH. If pytest does not get
that variable, it simply has no plugin. The plugin must not fail, slow down or change any test: it never waits longer
than a moment, and on any error it stops silently. It needs Python 3.5; an older Python must be able to parse this
file, and gets a module without hooks.
"""

import os

import pytest

from latwrap_channel import IS_USABLE, Spans, is_in_test, join, now_ns, quote, safely


class Plugin:
    active = None

    def __init__(self, config, path):
        self.spans = Spans("pytest", path, os.environ.get("PYTEST_XDIST_WORKER"))
        self.thread = self.spans.thread
        self.root = str(getattr(config, "rootpath", None) or config.rootdir)
        self.places = {}
        self.known = (None, [])

    # -- suites: files and classes -------------------------------------------------------------------------------------

    def place(self, item):
        """Returns the source position of the test: the quoted path, and the line from 1"""
        file, line = item.location[:2]
        if file not in self.places:
            self.places[file] = quote(join(self.root, file))
        return self.places[file], None if line is None else line + 1

    def suites_of(self, item):
        if item is None:
            return []
        parent, found = self.known
        if parent is item.parent:
            return found
        found = []
        for node in item.listchain()[1:-1]:
            if isinstance(node, (pytest.File, pytest.Class)) and type(node).__name__ != "Package":
                found.append(node.nodeid)
        self.known = (item.parent, found)
        return found

    # -- tests ---------------------------------------------------------------------------------------------------------

    def begin_test(self, item, attempt=1, time_ns=None):
        file, line = self.place(item)
        self.spans.enter(self.suites_of(item), file)
        self.spans.begin_test(item.nodeid, file, line, attempt, time_ns)

    def phase(self, item, name):
        test, start_ns = self.thread.test, now_ns()
        if test is None:
            return
        if name == "setup" and test.phases:  # a plugin runs the test again
            self.spans.end_test(start_ns)
            self.begin_test(item, test.attempt + 1, start_ns)
        self.spans.phase(name, start_ns)

    def report(self, report):
        test = self.thread.test
        if test is None or report.when not in ("setup", "call", "teardown"):
            return
        if report.failed:
            self.spans.failed("failed" if report.when == "call" else "error")
        elif report.skipped:
            test.outcome = test.outcome or "skipped"
        elif report.when == "call":
            test.outcome = test.outcome or "passed"

    # -- hooks ---------------------------------------------------------------------------------------------------------

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        safely(self.begin_test, item)
        yield
        safely(self.spans.end_test)
        safely(lambda: self.spans.leave(self.suites_of(nextitem)))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item):
        safely(self.phase, item, "setup")
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        safely(self.phase, item, "call")
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item):
        safely(self.phase, item, "teardown")
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        if outcome.excinfo is None:
            safely(self.report, outcome.get_result())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        """The only hook that is called for a test in a process of its own (pytest-forked)"""
        safely(self.report, report)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self):
        safely(self.spans.leave, [])
        safely(self.spans.channel.finish)
        Plugin.active = None


def pytest_configure(config):
    path = os.environ.get("LATWRAP_SOCKET")
    if not path or Plugin.active or is_in_test(os.environ):
        return
    try:
        Plugin.active = Plugin(config, path)
        config.pluginmanager.register(Plugin.active, "latwrap-spans")
    except Exception:
        Plugin.active = None


if not IS_USABLE:
    del pytest_configure
