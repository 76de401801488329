"""Descriptors that change while a call goes on: the file is the one that the call began with"""

import os

import pytest

import harness

pytestmark = pytest.mark.needs("bpf", "fuse")

REPLACING = """
import os, sys, threading
fd = os.open(sys.argv[1], os.O_RDONLY)
other = os.open(sys.argv[2], os.O_RDONLY)
done = []
reader = threading.Thread(target=lambda: done.append(os.read(fd, 10)))
reader.start()
while not done and not open(f"/proc/self/task/{reader.native_id}/syscall").read().startswith(sys.argv[3] + " "):
    pass
os.dup2(other, fd)
print("too late" if done else "replaced", flush=True)
reader.join()
"""


def test_descriptor_that_another_thread_replaces(latwrap, slowfs, directory):
    """The call goes on with the file that it began with, and is told with that one"""
    other = directory / "other"
    other.write_text("other")
    path = slowfs("read:/f=300ms").write("f")
    read = {"x86_64": "0", "aarch64": "63"}[os.uname().machine]
    run = latwrap("--", "/usr/bin/python3", "-c", REPLACING, path, other, read)
    assert run.stdout == "replaced\n"
    row = run.only("io", operation="read")
    assert row["path"] == str(path)
    assert row["duration_ns"] >= 300 * harness.NS_PER_MS
    files = {row["path"]: row["reads"] for row in run.report["files"]}
    assert files[str(path)] == 1
    assert files[str(other)] == 0
