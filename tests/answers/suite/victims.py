"""Threads and children on the CPU that tests hold"""

import os

from case import VICTIM_CPU
from work import work


def pin(thread):
    os.sched_setaffinity(thread.native_id, {VICTIM_CPU})


def on_victim_cpu(what=lambda: work(2)):
    """Goes to the CPU that is held, and works there"""
    os.sched_setaffinity(0, {VICTIM_CPU})
    what()


def fork(what):
    pid = os.fork()
    if pid == 0:
        try:
            what()
        finally:
            os._exit(0)
    return pid


def program(*argv):
    """The argv of a program on that CPU"""
    return ["taskset", "-c", str(VICTIM_CPU), *argv]
