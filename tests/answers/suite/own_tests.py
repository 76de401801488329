"""Tests whose own thread, or a thread or child of theirs, is kept from its CPU: on their path, or beside it"""

import concurrent.futures
import mmap
import multiprocessing
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from case import VICTIM_CPU, Holder
from plugin import truth
from victims import fork, on_victim_cpu, pin, program
from work import waited_ns, work

HOLDS = pytest.mark.parametrize("hold_ms", [40, 120, 350])


# -- ways to wait for the victim: each returns when it has worked --------------------------------------------------------


def by_join(go):
    thread = threading.Thread(target=lambda: (go.wait(), work(2)))
    thread.start()
    pin(thread)
    return lambda: (go.set(), thread.join())


def by_queue(go):
    answers = queue.Queue()
    thread = threading.Thread(target=lambda: (go.wait(), work(2), answers.put(1)), daemon=True)
    thread.start()
    pin(thread)
    return lambda: (go.set(), answers.get())


def by_future(go):
    pool = concurrent.futures.ThreadPoolExecutor(1, initializer=on_victim_cpu)
    pool.submit(work, 1).result()
    return lambda: pool.submit(work, 2).result()


def by_wait4(go):
    return lambda: os.waitpid(fork(on_victim_cpu), 0)


def by_subprocess(go):
    return lambda: subprocess.run(program("sh", "-c", ":"), check=True)


def by_output(go):
    return lambda: subprocess.run(program("echo", "done"), check=True, capture_output=True)


def by_grandchild(go):
    return lambda: os.waitpid(fork(lambda: os.waitpid(fork(on_victim_cpu), 0)), 0)


def by_pool(go):
    pool = multiprocessing.get_context("fork").Pool(1, initializer=on_victim_cpu)
    pool.apply(work, (1,))
    pools.append(pool)
    return lambda: pool.apply(work, (2,))


def by_pipe(go):
    request, requested = os.pipe()
    answered, answer = os.pipe()

    def serve():
        os.sched_setaffinity(0, {VICTIM_CPU})
        os.read(request, 1)
        work(2)
        os.write(answer, b"!")

    children.append(fork(serve))
    time.sleep(0.01)
    return lambda: (os.write(requested, b"?"), os.read(answered, 1))


WAYS = {way.__name__[3:]: way for way in (by_join, by_queue, by_future, by_wait4, by_subprocess, by_output,
                                          by_grandchild, by_pool, by_pipe)}
pools, children = [], []


@pytest.fixture(autouse=True)
def clean():
    yield
    while pools:
        pools.pop().terminate()
    while children:
        os.waitpid(children.pop(), 0)


# -- on the path -------------------------------------------------------------------------------------------------------


@truth("machine", "waits for a thread or child: {way}")
@HOLDS
@pytest.mark.parametrize("way", WAYS)
def test_helper(case, way, hold_ms):
    wait = WAYS[way](threading.Event())
    case.hold(hold_ms)
    with case.within(hold_ms / 2):
        wait()


@truth("machine", "its own thread: computes")
@pytest.mark.parametrize("hold_ms", [30, 60, 120, 250, 450])
def test_computes(case, hold_ms):
    os.sched_setaffinity(0, {VICTIM_CPU})
    with case.within(hold_ms / 2 + 20):
        work(5)
        case.hold(hold_ms)
        work(5)


@truth("machine", "its own thread: wakes up late from a sleep")
@pytest.mark.parametrize("hold_ms", [40, 100, 300])
def test_sleeps(case, hold_ms):
    def hold_later():
        time.sleep(0.03)
        case.hold(hold_ms)

    thread = threading.Thread(target=hold_later)
    thread.start()
    os.sched_setaffinity(0, {VICTIM_CPU})
    with case.within(40 + hold_ms / 2):
        time.sleep(0.04)
    thread.join()


@truth("machine", "its own thread: in a long test, for a fifth of its time")
def test_long(case):
    os.sched_setaffinity(0, {VICTIM_CPU})
    time.sleep(0.5)
    work(150)
    with case.within(80):
        work(5)
        case.hold(200)
        work(5)
    time.sleep(0.1)


@truth("machine", "its own thread: a neighbour takes its CPU again and again, for {on_us} us")
@pytest.mark.parametrize("on_us", [500, 900])
@pytest.mark.parametrize("number", range(2))
def test_short_takes(case, on_us, number):
    """Under the floor of the records: only the sums show it"""
    os.sched_setaffinity(0, {VICTIM_CPU})
    with case.within(100):
        Holder("SHORT").hold(*[on_us / 1000] * (200 if on_us == 500 else 130))
        work(90)


@truth("machine", "a thread that holds Python's lock while the test wants to run")
@pytest.mark.parametrize("hold_ms", [120, 300])
def test_interpreter_lock(case, hold_ms):
    """The test's thread sleeps 5 ms at a time, woken by its own timer each time"""
    begun, ended = [], []

    def compute():
        begun.append(1)
        sum(range(3_000_000))
        ended.append(1)

    thread = threading.Thread(target=compute)
    with case.within(hold_ms / 2 + 60):
        thread.start()
        pin(thread)
        case.hold(hold_ms)
        sum(range(100_000))
        thread.join()


# -- beside the path ---------------------------------------------------------------------------------------------------


@truth("code", "a {who} of the test is kept from its CPU, and the test does not wait for it")
@pytest.mark.parametrize("who", ["child", "thread"])
@pytest.mark.parametrize("own", ["works", "sleeps"])
@pytest.mark.parametrize("number", range(2))
def test_off_path(case, who, own, number):
    if who == "child":
        children.append(fork(lambda: on_victim_cpu(lambda: work(20))))
    else:  # asleep in C when it is held: it has no lock of the interpreter's
        thread = threading.Thread(target=lambda: [time.sleep(0.001) for _ in range(20)])
        thread.start()
        pin(thread)
    case.hold(120)
    with case.within(1000, off_path=True):
        if own == "works":
            work(180)
        else:
            time.sleep(0.18)
    assert 1 + 1 == 3


@truth("code", "another CPU than the test's is taken")
@pytest.mark.parametrize("number", range(3))
def test_elsewhere(case, number):
    case.hold(100)
    with case.within(1000, off_path=True):
        work(120)
    assert [number] == []


# -- real bugs --------------------------------------------------------------------------------------------------------


@truth("code", "wrong at once")
@pytest.mark.parametrize("number", range(4))
def test_wrong(number):
    assert 1 + 1 == 3


@truth("code", "wrong after work of {ms} ms")
@pytest.mark.parametrize("ms", [5, 30, 150, 400])
def test_wrong_after_work(ms):
    work(ms)
    assert 1 + 1 == 3


@truth("code", "wrong after a sleep of {ms} ms")
@pytest.mark.parametrize("ms", [20, 150, 600])
def test_wrong_after_sleep(ms):
    time.sleep(ms / 1000)
    raise ValueError("wrong")


@truth("code", "too slow by its own work, {where}")
@pytest.mark.parametrize("where", ["itself", "in a child", "in a thread", "in a program"])
def test_too_slow(case, where):
    waits = mmap.mmap(-1, 8)  # shared with a child

    def compute():
        work(100)
        waits[:] = waited_ns().to_bytes(8, "little")

    with case.within(60) as facts:
        if where == "itself":
            work(100)
        elif where == "in a child":
            os.waitpid(fork(compute), 0)
        elif where == "in a thread":
            thread = threading.Thread(target=compute)
            thread.start()
            thread.join()
        else:
            argv = [sys.executable, str(Path(__file__).with_name("work.py")), "100"]
            done = subprocess.run(argv, check=True, capture_output=True)
            waits[:] = int(done.stdout).to_bytes(8, "little")
        facts["others_wait_ns"] = int.from_bytes(waits, "little")


@truth("code", "too slow by sleeps of its own")
def test_sleeps_too_long(case):
    with case.within(60):
        for _ in range(10):
            time.sleep(0.01)


# -- tests that pass ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_helper_passes(case, way):
    wait = WAYS[way](threading.Event())
    with case.within(1000):
        wait()


@pytest.mark.parametrize("ms", range(10, 110, 10))
def test_passes(ms):
    work(ms)


@pytest.mark.parametrize("ms", range(10, 60, 10))
def test_sleep_passes(ms):
    time.sleep(ms / 1000)
