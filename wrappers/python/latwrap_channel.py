"""Reports the spans of a Python process to latwrap over $LATWRAP_SOCKET (docs/spans.md describes the messages)

The wrappers of pytest and unittest use it. It must not fail, slow down or change any test: it never waits longer than a moment, and on any error it stops silently.
It needs Python 3.5; an older Python must be able to parse this file. Programs that only import unittest load it, too: it
imports little.
"""

import _socket
import errno
import os
import resource
import select
import sys
import threading
import time
from collections import deque

try:
    from _json import encode_basestring as quote
except ImportError:
    from json.encoder import encode_basestring as quote

BACKLOG = 10000  # messages kept while the socket is full
NAME_CHARS = 1000
FULL = (errno.EAGAIN, errno.ENOBUFS)


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
IS_USABLE = sys.version_info >= (3, 5) and hasattr(_socket, "AF_UNIX") and CLOCK is not None

# What a test starts has one of these: its tests usually fail on purpose, and are not reported.
IN_PYTEST = "PYTEST_CURRENT_TEST"
IN_UNITTEST = "LATWRAP_UNITTEST"


def is_in_test(environment):
    return IN_PYTEST in environment or IN_UNITTEST in environment


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
        self.backlog = deque()
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
            data = self.backlog[0]
            if self.unsent:  # only now, since a message that waits may be dropped, too
                data = data[:-1] + (',"unsent":%d}' % self.unsent).encode()
            if not self.try_send(data):
                return False
            self.backlog.popleft()
            self.unsent = 0
        return True

    def send(self, text, important=False):
        with self.lock:
            if self.pid != Real.getpid():  # after a fork the rest of the backlog is the parent's
                self.reset()
            try:
                self.send_locked(text, important)
            except Exception:
                self.unsent += len(self.backlog)
                self.backlog.clear()

    def send_locked(self, text, important):
        try:
            data = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            data = text.encode("utf-8", "replace")
        self.backlog.append(data)
        full = not self.flush()
        if full and important and not self.was_full:
            # If this test hangs, only this message gives its name: wait for 1 ms, once.
            self.wait_for_room(1)
            full = not self.flush()
        self.was_full = full
        if len(self.backlog) > BACKLOG:
            self.backlog.popleft()
            self.unsent += 1

    def finish(self):
        """Sends the last messages and closes; gives up when latwrap takes none for 0.5 s"""
        with self.lock:
            waiting = deadline = None
            try:
                while self.pid == Real.getpid() and not self.flush():
                    if len(self.backlog) != waiting:
                        waiting, deadline = len(self.backlog), now_ns() + 500000000
                    if now_ns() >= deadline:
                        break
                    self.wait_for_room(50)
            except Exception:
                pass
            if self.socket is not None:
                self.socket.close()
            self.reset()


class Test:
    """A test that runs"""

    def __init__(self, id, attempt):
        self.id = id
        self.attempt = attempt
        self.outcome = None
        self.failed_ns = 0
        self.phases = []
        self.cpu_ns = cpu_time_ns()


class Thread(threading.local):
    """The suites and the test that a thread is in: several threads may run tests"""

    def __init__(self):
        self.suites = []  # (key, id), outermost first
        self.test = None


class Spans:
    """The open spans of this process"""

    def __init__(self, runner, path, worker=None):
        self.runner = runner
        self.worker = worker
        self.channel = Channel(path)
        self.thread = Thread()
        self.count = 0

    def head(self, event, name, parent, file, time_ns):
        text = '{"v":1,"event":"%s","runner":"%s","time_ns":%d,"name":%s' % (
            event, self.runner, time_ns or now_ns(), quote(name[:NAME_CHARS]))
        if HAS_NATIVE_ID:
            text += ',"tid":%d' % Real.native_id()
        if parent:
            text += ',"parent":"%s"' % parent
        if file:
            text += ',"file":%s' % file
        if self.worker:
            text += ',"worker":%s' % quote(self.worker)
        return text

    def begin(self, name, parent, file=None, line=None, attempt=None, time_ns=None):
        """Returns the span's id; file is a quoted path"""
        self.count += 1
        id = "%s-%d-%d" % (self.runner, Real.getpid(), self.count)
        text = self.head("begin", name, parent, file, time_ns) + ',"id":"%s"' % id
        if line is not None:
            text += ',"line":%d' % line
        if attempt:
            text += ',"attempt":%d' % attempt
        self.channel.send(text + "}", important=True)
        return id

    def end(self, id, outcome=None, more="", time_ns=None):
        text = '{"v":1,"event":"end","id":"%s","time_ns":%d%s' % (id, time_ns or now_ns(), more)
        if outcome:
            text += ',"outcome":"%s"' % outcome
        self.channel.send(text + "}")

    def whole(self, name, file, start_ns, outcome):
        """Reports, afterwards, a span that has just ended"""
        text = self.head("span", name, self.innermost(), file, None)
        self.channel.send(text + ',"start_ns":%d,"outcome":"%s"}' % (start_ns, outcome))

    # -- suites: files, modules and classes ----------------------------------------------------------------------------

    def innermost(self):
        suites = self.thread.suites
        return suites[-1][1] if suites else None

    def enter(self, wanted, file):
        """Begins those suites of the next test that are not open; wanted: their keys, which are their names"""
        suites = self.thread.suites
        self.leave(wanted)
        for key in wanted[len(suites):]:
            suites.append((key, self.begin(key, self.innermost(), file)))

    def leave(self, wanted):
        """Ends the suites that do not contain the next test"""
        suites = self.thread.suites
        common = 0
        while common < min(len(suites), len(wanted)) and suites[common][0] == wanted[common]:
            common += 1
        while len(suites) > common:
            self.end(suites.pop()[1])

    # -- tests ---------------------------------------------------------------------------------------------------------

    def begin_test(self, name, file, line, attempt=1, time_ns=None):
        id = self.begin(name, self.innermost(), file, line, attempt if attempt > 1 else None, time_ns)
        self.thread.test = Test(id, attempt)
        return self.thread.test

    def phase(self, name, time_ns=None):
        """Records a phase that begins now: runners give its start by a clock that a test may set"""
        self.thread.test.phases.append((name, time_ns or now_ns()))

    def failed(self, outcome):
        """Says at once that the test failed: what it waits for from now on did not make it fail"""
        test = self.thread.test
        if test.outcome in ("failed", "error"):
            return
        test.outcome, test.failed_ns = outcome, now_ns()
        self.channel.send('{"v":1,"event":"update","id":"%s","time_ns":%d,"outcome":"%s"}' % (test.id, test.failed_ns, outcome))

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


def safely(function, *arguments):
    """Calls it: whatever goes wrong, the test does not see it"""
    try:
        function(*arguments)
    except Exception:
        pass
