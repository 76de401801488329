"""Reports each test of unittest to latwrap, also of what builds on it: Django, nose2, testtools, Twisted

sitecustomize.py calls install() as soon as a program imports unittest. No function of this file is on the stack while a
test runs. A test begins when its suite announces it and the result hears of it, or, if another suite runs it, when the
test itself enters its first phase; results that only hear of a test which ran elsewhere (Django's --parallel) are not
believed. How it ended is what its result was told. Nothing here may fail, slow down or change any test.
"""

import atexit
import functools
import os
import sys
import types

from latwrap_channel import IN_PYTEST, IN_UNITTEST, IS_USABLE, Real, Spans, is_in_test, join, now_ns, quote, safely

# Not `import unittest.suite`: the package, which is being imported, has no such attribute yet.
case, result, suite = (sys.modules["unittest." + name] for name in ("case", "result", "suite"))

OUTCOMES = {
    "addError": "error",
    "addFailure": "failed",
    "addUnexpectedSuccess": "failed",
    "addSkip": "skipped",
    "addExpectedFailure": "skipped",
    "addSuccess": "passed",
}


class State:
    """What a thread runs, besides its open spans"""

    def __init__(self):
        self.test = None  # the open one
        self.is_entered = False  # it has entered a phase
        self.announced = None
        self.announced_ns = 0  # when the suite was ready to run it
        self.fixture_ns = 0  # when the suite began to prepare it, or to clear away what it prepared
        self.holder = None  # what stood for a failed fixture the last time


class Plugin:
    active = None

    def __init__(self, path):
        self.spans = Spans("unittest", path)
        self.environment = os.environ
        self.directory = os.getcwd()
        self.seen = set()  # the classes of results

    def state(self):
        thread = self.spans.thread
        if not hasattr(thread, "state") or thread.pid != Real.getpid():  # of a fork, the open spans are the parent's
            thread.state, thread.pid = State(), Real.getpid()
            thread.suites, thread.test = [], None
        return thread.state

    # -- names ---------------------------------------------------------------------------------------------------------

    def suites_of(self, test):
        kind = type(test)
        return [] if test is None else [kind.__module__, "%s.%s" % (kind.__module__, kind.__qualname__)]

    def file_of(self, test):
        file = getattr(sys.modules.get(type(test).__module__), "__file__", None)
        return join(self.directory, file) if file else None

    def line_of(self, test, file):
        function = getattr(type(test), getattr(test, "_testMethodName", ""), None)
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        code = getattr(function, "__code__", None)
        if code is None or file is None or join(self.directory, code.co_filename) != file:
            return None
        return code.co_firstlineno

    # -- tests ---------------------------------------------------------------------------------------------------------

    def is_current(self, test):
        return test is not None and self.state().test is test

    def is_free(self):
        """Returns whether this thread is not in a test: tests inside a test usually fail on purpose"""
        state = self.state()
        if state.test is not None:
            if not state.is_entered or state.test._outcome is not None:
                return False
            self.end()  # its result did not hear of the end
        if IN_PYTEST in self.environment:
            return False
        return self.environment.get(IN_UNITTEST) in (None, str(Real.getpid()))  # else of a parent's test

    def begin(self, test, time_ns):
        state = self.state()
        file = self.file_of(test)
        quoted = quote(file) if file else None
        self.spans.enter(self.suites_of(test), quoted)
        self.spans.begin_test(str(test.id()), quoted, self.line_of(test, file), time_ns=time_ns)
        state.test, state.announced, state.is_entered = test, None, False
        self.environment[IN_UNITTEST] = str(Real.getpid())

    def end(self):
        self.state().test = None
        self.environment.pop(IN_UNITTEST, None)
        self.spans.end_test()

    def outcome(self, outcome):
        test = self.spans.thread.test
        if outcome in ("failed", "error"):
            self.spans.failed(outcome)
        elif test.outcome in (None, "passed"):
            test.outcome = outcome

    # -- what the suite says -------------------------------------------------------------------------------------------

    def prepares(self, test):
        """The suite prepares the class of a test"""
        if self.is_free():
            self.spans.enter(self.suites_of(test), None)
            self.state().fixture_ns = now_ns()

    def prepared(self, test):
        if self.is_free():
            state = self.state()
            state.announced, state.announced_ns = test, now_ns()

    def clears_away(self):
        if self.is_free():
            self.state().fixture_ns = now_ns()

    def cleared_class(self, test):
        """The next test is of another class, perhaps; None: there is no test left"""
        wanted = self.suites_of(test)
        if self.is_free() and [key for key, _ in self.spans.thread.suites] != wanted:
            self.spans.leave([key for key, _ in self.spans.thread.suites[:1]])

    def cleared_module(self):
        if self.is_free():
            self.spans.leave([])
            self.state().fixture_ns = now_ns()

    # -- what the result hears -----------------------------------------------------------------------------------------

    def started(self, test):
        state = self.state()
        if self.is_free() and state.announced is test:
            self.begin(test, state.announced_ns)

    def heard(self, name, test, *more):
        if self.is_current(test):
            self.outcome(OUTCOMES[name])
        elif type(test) is getattr(suite, "_ErrorHolder", None) and self.is_free():
            # setUpClass and the like, which unittest shows as if it were a test
            state = self.state()
            if state.holder is not test:
                self.spans.whole(str(test.id()), None, state.fixture_ns or now_ns(), OUTCOMES[name])
            state.holder = test

    def heard_subtest(self, test, subtest, error):
        if self.is_current(test) and error is not None:
            is_failure = issubclass(error[0], test.failureException)
            self.outcome("failed" if is_failure else "error")

    def stopped(self, test):
        if self.is_current(test):
            self.end()

    # -- what the test does --------------------------------------------------------------------------------------------

    def entered(self, outcome, test):
        """The test enters a phase: setUp, itself, tearDown, or a cleanup"""
        if not isinstance(test, case.TestCase):
            return
        if not self.is_current(test):
            if not self.is_free():
                return
            self.begin(test, None)
        self.state().is_entered = True
        watch_result(type(outcome.result))
        phases = [name for name, _ in self.spans.thread.test.phases]
        if not phases:
            self.spans.phase("setup")
        elif "call" not in phases and outcome.success:
            self.spans.phase("call")
        elif "teardown" not in phases:
            self.spans.phase("teardown")


# -- hooks ---------------------------------------------------------------------------------------------------------------


def replace(kind, name, make):
    """Replaces the method where it is defined, by what make returns for the old one"""
    for owner in kind.__mro__:
        old = owner.__dict__.get(name)
        if old is None:
            continue
        if isinstance(old, types.FunctionType) and not hasattr(old, "latwrap"):
            new = functools.wraps(old)(make(old))
            new.latwrap = True
            setattr(owner, name, new)
        return


def around(before, after):
    """Makes methods that call before and after with their arguments; either may be None"""
    def make(old):
        def method(self, *arguments, **keywords):
            if before:
                safely(before, *arguments)
            try:
                return old(self, *arguments, **keywords)
            finally:
                if after:
                    safely(after, *arguments)
        return method
    return make


def watch_result(kind):
    plugin = Plugin.active
    if kind in plugin.seen:
        return
    plugin.seen.add(kind)
    replace(kind, "startTest", around(plugin.started, None))
    for name in OUTCOMES:
        replace(kind, name, around(functools.partial(plugin.heard, name), None))
    replace(kind, "addSubTest", around(plugin.heard_subtest, None))
    replace(kind, "stopTest", around(None, plugin.stopped))


def watch_suite(kind):
    plugin = Plugin.active

    def prepares(test, result):
        watch_result(type(result))
        plugin.prepares(test)

    replace(kind, "_handleClassSetUp", around(prepares, lambda test, result: plugin.prepared(test)))
    replace(kind, "_tearDownPreviousClass",
            around(lambda test, result: plugin.clears_away(), lambda test, result: plugin.cleared_class(test)))
    replace(kind, "_handleModuleTearDown", around(lambda result: plugin.clears_away(), lambda result: plugin.cleared_module()))


def watch_outcome(kind):
    """Its method gives a context: it is not on the stack while the test runs"""
    plugin = Plugin.active

    def make(old):
        def testPartExecutor(self, test_case, *arguments, **keywords):
            safely(plugin.entered, self, test_case)
            return old(self, test_case, *arguments, **keywords)
        return testPartExecutor

    replace(kind, "testPartExecutor", make)


def at_exit():
    plugin = Plugin.active
    if plugin.state().test is None:
        plugin.spans.leave([])
        plugin.spans.channel.finish()


def install():
    path = os.environ.get("LATWRAP_SOCKET")
    if not path or not IS_USABLE or Plugin.active or is_in_test(os.environ):
        return
    Plugin.active = Plugin(path)
    watch_result(result.TestResult)
    watch_suite(suite.TestSuite)
    if hasattr(case, "_Outcome"):
        watch_outcome(case._Outcome)
    atexit.register(safely, at_exit)
