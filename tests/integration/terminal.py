"""A pseudo-terminal with a program on it: types keys and reads the screen as a person does"""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import harness


class Terminal:
    """Starts the program as the leader of a session whose controlling terminal is the pseudo-terminal"""

    def __init__(self, argv, env=None, cwd=None, rows=24, columns=200):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen = b""
        self.seen = 0

        def take_terminal():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=cwd,
                                        start_new_session=True, preexec_fn=take_terminal)
        os.close(slave)
        self.pid = self.process.pid
        self.pidfd = os.pidfd_open(self.pid)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            for pid in harness.descendants(self.pid) + [self.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()
        os.close(self.master)
        os.close(self.pidfd)

    def type(self, keys):
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def _read(self):
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        self.screen += data
        return bool(data)

    def expect(self, pattern):
        """Waits until the pattern (a regular expression over bytes) appears after the last expected text"""
        compiled = re.compile(pattern, re.DOTALL)
        while True:
            found = compiled.search(self.screen, self.seen)
            if found:
                self.seen = found.end()
                return found
            ready = harness.ready(self.master)
            before, after = self.screen[:self.seen], self.screen[self.seen:]
            assert ready and self._read(), f"no {pattern!r} in {after!r} (before: {before!r})"

    def finish(self):
        """Reads until the program has ended; returns its status as subprocess does"""
        while not harness.ready(self.pidfd, timeout_s=0):
            ready = harness.ready(self.master, self.pidfd)
            assert ready, f"does not end; the screen: {self.screen!r}"
            if self.master in ready and not self._read():
                harness.wait_gone(self.pidfd)
        while harness.ready(self.master, timeout_s=0) and self._read():
            pass
        return self.process.wait()
