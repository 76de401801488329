"""Loaded into the pytest that latwrap measures: labels, order, pinning, and the file of truths"""

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

import bus
import peer
from case import OTHER_CPU, Case
from servers import Servers


def truth(label, row):
    """The answer that is right if the test fails, and its row of the table; {names} in it are the test's parameters"""
    return pytest.mark.truth(label, row)


def truth_of(item):
    mark = item.get_closest_marker("truth")
    label, row = mark.args if mark else ("passed", "passed")
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return label, row.format(**parameters)


def wanted(items):
    """All tests; of each row that fails only the first ANSWERS_EACH; or those named in ANSWERS_ONLY, beside those without a label
    of their own: what passes, and what does not end"""
    each, only = int(os.environ.get("ANSWERS_EACH", "0")), os.environ.get("ANSWERS_ONLY", "").split("\n")
    counts = {}
    for item in items:
        label, row = truth_of(item)
        counts[label, row] = counts.get((label, row), 0) + 1
        if only != [""] and label not in ("passed", "interrupted") and item.nodeid not in only:
            continue
        if not each or label == "passed" or counts[label, row] <= each:
            yield item


def pytest_collection_modifyitems(items):
    items[:] = list(wanted(items))
    random.Random(int(os.environ.get("ANSWERS_SEED", "1"))).shuffle(items)


class Between:
    """Registered late, so that what it does lies outside the spans of tests: servers start, and held CPUs settle"""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="servers-", dir=os.environ["ANSWERS_DIRECTORY"])
        self.servers = Servers(Path(self.directory))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        os.sched_setaffinity(0, {OTHER_CPU} if os.environ.get("ANSWERS_PIN", "1") == "1" else {0, 1})
        if "connect" in item.fixturenames and "place" in item.callspec.params:
            self.servers.address(item.callspec.params["place"], item.callspec.params["kind"])
        yield
        case = getattr(item, "answers_case", None)
        if case:
            case.holder.settle()

    def pytest_unconfigure(self):
        self.servers.close()
        shutil.rmtree(self.directory, ignore_errors=True)


between = Between()


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.addinivalue_line("markers", "truth(label, row): the answer that is right")
    config.pluginmanager.register(between, "answers-between")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    case = getattr(item, "answers_case", None)
    if case and call.when == "call":
        case.end(outcome.get_result().outcome)


@pytest.fixture(autouse=True)
def case(request):
    request.node.answers_case = Case(request.node.nodeid, *truth_of(request.node))
    return request.node.answers_case


@pytest.fixture
def servers():
    return between.servers


@pytest.fixture
def connect(case, servers):
    """connect(place, kind): asks that server once, for practice, so that it sleeps when the test begins in earnest"""
    def connected(place, kind):
        address = servers.address(place, kind)
        found = bus.BusPeer(address) if kind == "dbus" else peer.Peer(kind, address, servers.pids.get(f"{place}-{kind}"))
        case.peers.append(found)
        found.ask("echo")
        return found

    yield connected
    for found in case.peers:
        found.close()
