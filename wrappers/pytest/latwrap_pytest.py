"""Reports each test of pytest to latwrap over $LATWRAP_SOCKET (docs/spans.md describes the messages)

pytest finds this plugin as an entry point, because latwrap adds this directory to PYTHONPATH. If pytest does not get
that variable, it simply has no plugin. The plugin must not fail, slow down or change any test: it never waits longer
than a moment, and on any error it stops silently. It needs Python 3.5; an older Python must be able to parse this
file, and gets a module without hooks.
"""

import _socket
import errno
import json.encoder
import os
import resource
import select
import socket
import sys
import threading
import time

import pytest

BACKLOG = 1000  # messages kept while the socket is full
NAME_CHARS = 1000
FULL = (errno.EAGAIN, errno.ENOBUFS)

quote = json.encoder.encode_basestring


class Real:
    """The functions that tests may replace (freezegun, pyfakefs, pytest-socket, mock): these look in modules, not in classes"""

    clock_gettime_ns = staticmethod(getattr(time, "clock_gettime_ns", None))  # from 3.7 on
    clock_gettime = staticmethod(getattr(time, "clock_gettime", None))
    process_time = staticmethod(getattr(time, "process_time", None))
    getrusage = staticmethod(resource.getrusage)
    getpid = staticmethod(os.getpid)
    fstat = staticmethod(os.fstat)
    socket = _socket.socket
    poll = staticmethod(select.poll)
    native_id = staticmethod(getattr(threading, "get_native_id", None))  # from 3.8 on


CLOCK = getattr(time, "CLOCK_MONOTONIC", None)
HAS_NS = hasattr(time, "clock_gettime_ns")
HAS_NATIVE_ID = hasattr(threading, "get_native_id")


def now_ns():
    return Real.clock_gettime_ns(CLOCK) if HAS_NS else int(Real.clock_gettime(CLOCK) * 1e9)


def cpu_time_ns():
    """Returns the CPU time of this process and of the children that it has waited for"""
    children = Real.getrusage(resource.RUSAGE_CHILDREN)
    return int((Real.process_time() + children.ru_utime + children.ru_stime) * 1e9)


def join(directory, path):
    """Joins and normalizes without the file system: a test may have replaced it"""
    parts = []
    for part in (path if path.startswith("/") else directory + "/" + path).split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    return "/" + "/".join(parts)


class Channel:
    """Sends each message as a datagram without waiting; a message that finds no room is sent before the next one"""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.pid = Real.getpid()
        self.socket = self.identity = None
        self.backlog = []
        self.unsent = 0
        self.was_full = False

    def open(self):
        """Returns the socket; checks it, since tests may close descriptors of others and reuse their numbers"""
        if self.socket is not None:
            try:
                status = Real.fstat(self.socket.fileno())
                if (status.st_dev, status.st_ino) == self.identity:
                    return self.socket
            except OSError:
                pass
            self.socket.detach()
            self.socket = None
        sock = Real.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.connect(self.path)
            status = Real.fstat(sock.fileno())
        except OSError:
            sock.close()
            raise
        self.socket, self.identity = sock, (status.st_dev, status.st_ino)
        return sock

    def try_send(self, data):
        """Returns False if there is no room now; raises OSError if latwrap is gone"""
        for attempt in (1, 2):
            try:
                self.open().send(data)
                return True
            except OSError as error:
                if error.errno in FULL:
                    return False
                if attempt == 2 or error.errno == errno.EMSGSIZE:
                    raise
                self.socket.close()
                self.socket = None

    def wait_for_room(self, limit_ms):
        """Uses poll(2), because select(2) supports descriptors only up to 1,023"""
        poll = Real.poll()
        poll.register(self.socket, select.POLLOUT)
        poll.poll(limit_ms)

    def flush(self):
        while self.backlog:
            if not self.try_send(self.backlog[0]):
                return False
            self.backlog.pop(0)
        return True

    def send(self, text, important=False):
        with self.lock:
            if self.pid != Real.getpid():  # after a fork the rest of the backlog is the parent's
                self.reset()
            try:
                self.send_locked(text, important)
            except Exception:
                self.unsent += len(self.backlog)
                self.backlog = []

    def send_locked(self, text, important):
        if self.unsent:
            text = text[:-1] + ',"unsent":%d}' % self.unsent
        try:
            data = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            data = text.encode("utf-8", "replace")
        self.backlog.append(data)
        self.unsent = 0
        full = not self.flush()
        if full and important and not self.was_full:
            # If this test hangs, only this message gives its name: wait for 1 ms, once.
            self.wait_for_room(1)
            full = not self.flush()
        self.was_full = full
        if len(self.backlog) > BACKLOG:
            self.backlog.pop(0)
            self.unsent += 1

    def finish(self):
        """Sends the last messages and closes; waits at most 0.5 s, which is enough for a live latwrap"""
        with self.lock:
            deadline = now_ns() + 500000000
            try:
                while self.pid == Real.getpid() and not self.flush() and now_ns() < deadline:
                    self.wait_for_room(50)
            except Exception:
                pass
            if self.socket is not None:
                self.socket.close()
            self.reset()


class Thread(threading.local):
    """The suites and the test that a thread is in: several threads may run tests"""

    def __init__(self):
        self.suites = []  # (nodeid, id), outermost first
        self.test = None


class Test:
    def __init__(self, id, attempt):
        self.id = id
        self.attempt = attempt
        self.outcome = None
        self.failed_ns = 0
        self.phases = []
        self.cpu_ns = cpu_time_ns()


class Plugin:
    def __init__(self, config, path):
        self.channel = Channel(path)
        self.root = str(getattr(config, "rootpath", None) or config.rootdir)
        self.worker = os.environ.get("PYTEST_XDIST_WORKER")
        self.thread = Thread()
        self.count = 0
        self.places = {}
        self.known = (None, [])

    # -- messages ----------------------------------------------------------------------------------------------------

    def begin(self, name, parent, file=None, line=None, attempt=None, time_ns=None):
        self.count += 1
        id = "pytest-%d-%d" % (Real.getpid(), self.count)
        text = '{"v":1,"event":"begin","id":"%s","runner":"pytest","time_ns":%d,"name":%s' % (
            id, time_ns or now_ns(), quote(name[:NAME_CHARS]))
        if HAS_NATIVE_ID:
            text += ',"tid":%d' % Real.native_id()
        if parent:
            text += ',"parent":"%s"' % parent
        if file:
            text += ',"file":%s' % file
        if line is not None:
            text += ',"line":%d' % line
        if self.worker:
            text += ',"worker":%s' % quote(self.worker)
        if attempt:
            text += ',"attempt":%d' % attempt
        self.channel.send(text + "}", important=True)
        return id

    def end(self, id, outcome=None, more="", time_ns=None):
        text = '{"v":1,"event":"end","id":"%s","time_ns":%d%s' % (id, time_ns or now_ns(), more)
        if outcome:
            text += ',"outcome":"%s"' % outcome
        self.channel.send(text + "}")

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

    def enter(self, item):
        suites, wanted = self.thread.suites, self.suites_of(item)
        self.leave(wanted)
        for nodeid in wanted[len(suites):]:
            suites.append((nodeid, self.begin(nodeid, suites[-1][1] if suites else None, self.place(item)[0])))

    def leave(self, wanted):
        """Ends the suites that do not contain the next test"""
        suites = self.thread.suites
        common = 0
        while common < min(len(suites), len(wanted)) and suites[common][0] == wanted[common]:
            common += 1
        while len(suites) > common:
            self.end(suites.pop()[1])

    # -- tests ---------------------------------------------------------------------------------------------------------

    def begin_test(self, item, attempt=1, time_ns=None):
        suites = self.thread.suites
        file, line = self.place(item)
        id = self.begin(item.nodeid, suites[-1][1] if suites else None, file, line, attempt if attempt > 1 else None, time_ns)
        self.thread.test = Test(id, attempt)

    def end_test(self, time_ns=None):
        test, self.thread.test = self.thread.test, None
        if test is None:
            return
        more = ',"cpu_time_ns":%d' % max(0, cpu_time_ns() - test.cpu_ns)
        if test.phases:
            more += ',"phases":[%s]' % ",".join('["%s",%d]' % phase for phase in test.phases)
        if test.failed_ns:
            more += ',"failed_ns":%d' % test.failed_ns
        self.end(test.id, test.outcome or "unknown", more, time_ns)

    def phase(self, item, name):
        """Records a phase that begins now: pytest gives its start by a clock that a test may set"""
        test, start_ns = self.thread.test, now_ns()
        if test is None:
            return
        if name == "setup" and test.phases:  # a plugin runs the test again
            self.end_test(start_ns)
            self.begin_test(item, test.attempt + 1, start_ns)
            test = self.thread.test
        test.phases.append((name, start_ns))

    def report(self, report):
        test = self.thread.test
        if test is None or report.when not in ("setup", "call", "teardown"):
            return
        if report.failed:
            if test.outcome not in ("failed", "error"):
                test.outcome = "failed" if report.when == "call" else "error"
                test.failed_ns = now_ns()
                self.channel.send('{"v":1,"event":"update","id":"%s","time_ns":%d,"outcome":"%s"}'
                                  % (test.id, test.failed_ns, test.outcome))
        elif report.skipped:
            test.outcome = test.outcome or "skipped"
        elif report.when == "call":
            test.outcome = test.outcome or "passed"

    # -- hooks ---------------------------------------------------------------------------------------------------------

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        self.safely(self.enter, item)
        self.safely(self.begin_test, item)
        yield
        self.safely(self.end_test)
        self.safely(lambda: self.leave(self.suites_of(nextitem)))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item):
        self.safely(self.phase, item, "setup")
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        self.safely(self.phase, item, "call")
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item):
        self.safely(self.phase, item, "teardown")
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        if outcome.excinfo is None:
            self.safely(self.report, outcome.get_result())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        """The only hook that is called for a test in a process of its own (pytest-forked)"""
        self.safely(self.report, report)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self):
        self.safely(self.leave, [])
        self.safely(self.channel.finish)
        Plugin.active = None

    active = None

    @staticmethod
    def safely(function, *arguments):
        try:
            function(*arguments)
        except Exception:
            pass


def pytest_configure(config):
    path = os.environ.get("LATWRAP_SOCKET")
    # Do not report tests of a pytest inside a test: they usually fail on purpose.
    if not path or Plugin.active or "PYTEST_CURRENT_TEST" in os.environ:
        return
    try:
        Plugin.active = Plugin(config, path)
        config.pluginmanager.register(Plugin.active, "latwrap-spans")
    except Exception:
        Plugin.active = None


if sys.version_info < (3, 5) or not hasattr(socket, "AF_UNIX") or not hasattr(time, "CLOCK_MONOTONIC"):
    del pytest_configure
