"""What a thread does and what it lost, by its own clocks: CPU time spent, time that it waited for a CPU"""

import hashlib
import os
import sys
import time

BLOCK = bytes(4096)


def work(ms):
    """Uses that much CPU time"""
    until_ns = time.thread_time_ns() + int(ms * 1e6)
    while time.thread_time_ns() < until_ns:
        hashlib.sha256(BLOCK).digest()


def waited_ns(pid="thread-self"):
    """How long a thread waited for a CPU so far, by the kernel's own account (Documentation/scheduler/sched-stats.rst)"""
    with open(f"/proc/{pid}/schedstat", "rb", buffering=0) as file:
        return int(file.read().split()[1])


def all_waited_ns(pid):
    """The same of all threads of a process"""
    return sum(waited_ns(f"{pid}/task/{tid}") for tid in os.listdir(f"/proc/{pid}/task"))


def is_runnable(pid):
    with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
        return file.read().rpartition(b")")[2].split()[0] == b"R"


def ran_ns(pid="thread-self"):
    with open(f"/proc/{pid}/schedstat", "rb", buffering=0) as file:
        return int(file.read().split()[0])


def stolen_ns(cpus):
    """The stolen time of some CPUs, in the kernel's steps of 10 ms"""
    with open("/proc/stat", "rb", buffering=0) as file:
        rows = [line.split() for line in file.read().splitlines() if line.startswith(b"cpu")]
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    return sum(int(row[8]) for row in rows if row[0][3:].isdigit() and int(row[0][3:]) in cpus) * tick_ns


if __name__ == "__main__":
    work(float(sys.argv[1]))
    print(waited_ns())
