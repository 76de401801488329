"""Tests that give up by a time limit of their own: on a thread, child or server that is kept from its CPU, or for nothing"""

import asyncio
import concurrent.futures
import multiprocessing
import os
import queue
import select
import subprocess
import threading
import time

import pytest

from plugin import truth
from victims import on_victim_cpu, pin, program
from work import work

POLL_S = 0.01


def victim(what):
    """A thread on the CPU that is held; returns what starts its work"""
    go = threading.Event()
    thread = threading.Thread(target=lambda: (go.wait(), what()), daemon=True)
    thread.start()
    pin(thread)
    return thread, go.set


def until(is_done, limit_s):
    """Looks again and again, as tests do that have no better way"""
    deadline = time.monotonic() + limit_s
    while not is_done():
        assert time.monotonic() < deadline, "not done"
        time.sleep(POLL_S)


# -- threads and children: each waits for one that works for a moment, as long as limit_s, and fails after that -----------


def by_join(limit_s):
    thread, go = victim(lambda: work(2))
    go()
    thread.join(limit_s)
    assert not thread.is_alive()


def by_event(limit_s):
    done = threading.Event()
    _, go = victim(lambda: (work(2), done.set()))
    go()
    assert done.wait(limit_s)


def by_queue(limit_s):
    requests, answers = queue.Queue(), queue.Queue()
    thread = threading.Thread(target=lambda: answers.put(requests.get()), daemon=True)
    thread.start()
    pin(thread)
    requests.put(1)
    answers.get(timeout=limit_s)


def by_future(limit_s):
    pool = concurrent.futures.ThreadPoolExecutor(1, initializer=on_victim_cpu)
    pool.submit(work, 2).result(limit_s)


def by_output(limit_s):
    subprocess.run(program("echo", "done"), check=True, capture_output=True, timeout=limit_s)


def by_exit(limit_s):
    """Without a pipe, Python's subprocess sleeps for a time that doubles, and looks"""
    subprocess.run(program("true"), check=True, timeout=limit_s)


def by_process(limit_s):
    process = multiprocessing.get_context("fork").Process(target=on_victim_cpu, daemon=True)
    process.start()
    process.join(limit_s)
    assert process.exitcode == 0


def by_polled_thread(limit_s):
    done = []
    _, go = victim(lambda: (work(2), done.append(1)))
    go()
    until(lambda: done, limit_s)


def by_polled_child(limit_s):
    child = subprocess.Popen(program("true"))
    until(lambda: child.poll() is not None, limit_s)


def by_asyncio_thread(limit_s):
    async def wait():
        pool = concurrent.futures.ThreadPoolExecutor(1, initializer=on_victim_cpu)
        await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(pool, work, 2), limit_s)

    run(wait())


def by_asyncio_process(limit_s):
    async def wait():
        process = await asyncio.create_subprocess_exec(*program("echo", "done"), stdout=subprocess.PIPE)
        await asyncio.wait_for(process.communicate(), limit_s)

    run(wait())


def run(coroutine):
    """As asyncio.run(), but it leaves behind what is unfinished, rather than wait for it without a limit"""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(coroutine)


WAYS = {way.__name__[3:]: way for way in (by_join, by_event, by_queue, by_future, by_output, by_exit, by_process,
                                          by_polled_thread, by_polled_child, by_asyncio_thread, by_asyncio_process)}


@truth("machine", "its own time limit, waiting for a thread or child: {way}")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("hold_ms", [250, 400])
def test_helper(case, way, hold_ms):
    """To start a program takes time, too: the limit must come before the hold ends"""
    case.hold(hold_ms)
    with case.within(hold_ms):
        WAYS[way](hold_ms * 0.4 / 1000)


# -- servers ---------------------------------------------------------------------------------------------------------------


def receive_by_asyncio(peer, limit_s):
    async def receive():
        reader, _ = await asyncio.open_connection(sock=peer.socket)
        return await asyncio.wait_for(reader.readline(), limit_s)

    peer.socket.setblocking(False)
    run(receive())


def receive_by_select_loop(peer, limit_s):
    """Each time-out is short; together they reach the limit"""
    deadline = time.monotonic() + limit_s
    while not select.select([peer.socket], [], [], POLL_S)[0]:
        assert time.monotonic() < deadline, "no answer"


def receive_by_polling(peer, limit_s):
    poll = select.poll()
    poll.register(peer.socket, select.POLLIN)
    until(lambda: poll.poll(0), limit_s)


LOOPS = {"asyncio": receive_by_asyncio, "select loop": receive_by_select_loop, "polling": receive_by_polling}
asks = pytest.mark.parametrize("place", ["daemon", "fixture"])
streams = pytest.mark.parametrize("kind", ["unix", "tcp"])


@truth("machine", "{place} by {kind}: its own time limit, {loop}")
@asks
@streams
@pytest.mark.parametrize("loop", LOOPS)
def test_server(case, connect, place, kind, loop):
    peer = connect(place, kind)
    case.hold(250)
    with case.within(250):
        peer.send("echo")
        LOOPS[loop](peer, 0.15)


@truth("waited", "{place} by {kind}: never answers, {loop}")
@asks
@streams
@pytest.mark.parametrize("loop", ["asyncio", "select loop"])
def test_silent_server(case, connect, place, kind, loop):
    peer = connect(place, kind)
    with case.within(1000):
        peer.send("never")
        LOOPS[loop](peer, 0.5)


# -- nobody ----------------------------------------------------------------------------------------------------------------


def silent_pipe():
    return os.pipe()[0]


def on_lock(limit_s):
    lock = threading.Lock()
    lock.acquire()
    return lock.acquire(timeout=limit_s)


def on_queue(limit_s):
    return queue.Queue().get(timeout=limit_s)


def on_condition(limit_s):
    condition = threading.Condition()
    with condition:
        return condition.wait(limit_s)


def on_event(limit_s):
    return threading.Event().wait(limit_s)


def on_select(limit_s):
    return select.select([silent_pipe()], [], [], limit_s)[0]


def on_poll(limit_s):
    poll = select.poll()
    poll.register(silent_pipe(), select.POLLIN)
    return poll.poll(limit_s * 1000)


def on_epoll(limit_s):
    epoll = select.epoll()
    epoll.register(silent_pipe(), select.EPOLLIN)
    return epoll.poll(limit_s)


def on_connection(limit_s):
    ends = multiprocessing.Pipe()
    return ends[0].poll(limit_s)


def on_output(limit_s):
    return subprocess.run(["sleep", "2"], capture_output=True, timeout=limit_s).returncode == 0


def on_asyncio_queue(limit_s):
    async def wait():
        return await asyncio.wait_for(asyncio.Queue().get(), limit_s)

    return run(wait())


WAITS = {wait.__name__[3:]: wait for wait in (on_event, on_lock, on_queue, on_select, on_poll, on_epoll, on_condition,
                                              on_connection, on_output, on_asyncio_queue)}


@truth("waited", "its own time-out: {what}")
@pytest.mark.parametrize("timeout_ms", [200, 400])
@pytest.mark.parametrize("what", WAITS)
def test_time_out(case, what, timeout_ms):
    with case.within(2000):
        happened = WAITS[what](timeout_ms / 1000)
    assert happened


# -- tests that pass ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_helper_passes(case, way):
    with case.within(1000):
        WAYS[way](1.0)


@asks
@streams
@pytest.mark.parametrize("loop", LOOPS)
def test_server_passes(case, connect, place, kind, loop):
    peer = connect(place, kind)
    with case.within(1000):
        peer.send("work 5")
        LOOPS[loop](peer, 1.0)
