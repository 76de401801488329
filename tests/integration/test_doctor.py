"""latwrap doctor: probes for real what works here, and says what to do where it does not"""

import json

import pytest

from harness import LATWRAP, fault

WITHOUT_BPF = ["setpriv", "--bounding-set", "-sys_admin,-bpf,-perfmon", "--inh-caps", "-all"]


def doctor(children, *options, prefix=(), **popen):
    return children.run(*prefix, str(LATWRAP), "doctor", *options, **popen)


def everything(value):
    """All strings anywhere in a JSON value, as one text"""
    if isinstance(value, dict):
        return " ".join([*value, *map(everything, value.values())])
    return " ".join(map(everything, value)) if isinstance(value, list) else str(value)


@pytest.mark.needs("bpf")
def test_all_is_well(children):
    done = doctor(children)
    assert done.status == 0, done.stdout + done.stderr
    for subject in ("BTF", "cgroup", "kernel", "BPF", "lockdown", "PSI", "steal"):
        assert subject.lower() in done.stdout.lower(), f"says nothing of {subject}"


@pytest.mark.needs("bpf")
def test_json(children):
    done = doctor(children, "--json")
    assert done.status == 0 and done.stderr == ""
    report = json.loads(done.stdout)
    text = everything(report).lower()
    for subject in ("btf", "cgroup", "kernel", "lockdown", "psi", "steal", "sched_switch", "sys_enter"):
        assert subject in text, f"says nothing of {subject}"


@pytest.mark.needs("bpf", "root", "setpriv")
def test_without_privilege(children):
    done = doctor(children, prefix=WITHOUT_BPF)
    assert done.status != 0
    assert "root" in done.stdout or "CAP_BPF" in done.stdout, "says what to do"
    broken = doctor(children, "--json", prefix=WITHOUT_BPF)
    assert broken.status == done.status
    json.loads(broken.stdout)


@pytest.mark.needs("bpf")
def test_forced_failure(children):
    assert doctor(children, env=fault("no-bpf")).status != 0
    done = doctor(children, env=fault("skip:sched_switch"))
    assert "sched_switch" in done.stdout


@pytest.mark.needs("bpf")
def test_wrong_usage(children):
    assert doctor(children, "--no-such-option").status not in (0, 1)
    assert doctor(children, "extra").status != 0
