"""--check: what a run with these options would run, or why it would not start; nothing is run or written"""

import os

import pytest

import harness

pytestmark = pytest.mark.needs("root")


@pytest.mark.parametrize("options, said", [
    (["--gate=nonsense"], 'gate "nonsense"'), (["--also=no-such-unit"], "no-such-unit.service"), (["--nonsense"], "--nonsense"),
    (["--user=no-such-user"], "no-such-user"), (["--output=."], "cannot write to '.'"), (["--log=/dev"], "cannot write to '/dev'"),
    (["--cpu=off", "--io=off"], "nothing to measure"),
])
def test_refused(children, directory, options, said):
    for check in (["--check"], []):
        done = children.run(str(harness.LATWRAP), *check, *options, "--", "touch", "ran", cwd=directory)
        assert done.status == 125 and said in done.stderr and not done.stdout
    assert os.listdir(directory) == []


def test_accepted(children, directory):
    (directory / "log").write_text("of an earlier run")
    done = children.run(str(harness.LATWRAP), "--check", "--log=log", "-u", "nobody:nogroup", "-g", "any.max<1s", "--", "touch", "a file",
                        cwd=directory)
    assert (done.status, done.stdout, done.stderr) == (0, "latwrap would run: touch 'a file'\n", "")
    assert os.listdir(directory) == ["log"] and (directory / "log").read_text() == "of an earlier run"
