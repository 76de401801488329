"""The directory of a run's socket and wrappers, where the directory above it is not latwrap's"""

import os
import pwd

import pytest

import harness

pytestmark = pytest.mark.needs("bpf", "root", "strace")

NOBODY = pwd.getpwnam("nobody")


@pytest.mark.parametrize("call", ["bind", "fchmod", "openat"])
def test_exchanged_for_a_link(children, directory, call):
    """Stopped at a call, its directory is exchanged for a link to root's: there nothing is made, changed or removed"""
    above = directory / "above"
    above.mkdir()
    os.chown(above, NOBODY.pw_uid, NOBODY.pw_gid)
    precious = directory / "precious"
    (precious / "pytest").mkdir(parents=True)
    (precious / "socket").write_text("precious")
    (precious / "socket").chmod(0o600)
    (precious / "pytest" / "file").write_text("precious")
    before = sorted((str(path), path.stat().st_mode) for path in precious.rglob("*"))
    log = directory / "log"
    # openat has the directory's own name once it is opened, and names below it from then on.
    child = children.start(["strace", "-qq", "-o", str(log), "-e", f"trace={call}", "-e",
                            f"inject={call}:signal=STOP:when=1", str(harness.LATWRAP), "-q",
                            "-o", str(directory / "r.json"), "--", "sh", "-c", "exit 7", "pytest"],
                           env=harness.environment(TMPDIR=str(above)))

    def exchange():
        found = list(above.glob("latwrap-run-*"))
        if found and not found[0].is_symlink():
            found[0].rename(above / "moved")
            found[0].symlink_to(precious)
        return bool(found)

    def at_the_call():
        exchange()
        return "stopped by SIGSTOP" in log.read_text() if log.exists() else False

    harness.poll_until(at_the_call, f"latwrap stops at {call}")
    pid = harness.descendants(child.pid)[0]
    os.kill(pid, 18)
    harness.poll_until(lambda: exchange() or child.process.poll() is not None, "the directory is made")
    assert child.finish().status == 7
    assert sorted((str(path), path.stat().st_mode) for path in precious.rglob("*")) == before
    assert (precious / "pytest" / "file").read_text() == "precious"


def test_what_a_killed_run_left_is_taken_away(children, directory):
    """The next one does, and leaves alone what only looks like it"""
    other = directory / "latwrap-run-0123456789abcdef"
    other.mkdir()
    os.chown(other, NOBODY.pw_uid, NOBODY.pw_gid)
    report = directory / "latwrap-report"
    report.mkdir()
    child = children.start([str(harness.LATWRAP), "-q", "-o", str(directory / "r.json"), "--", "sh", "-c",
                            "echo up; read go"], env=harness.environment(TMPDIR=str(directory)))
    child.line()
    ours = [path for path in directory.glob("latwrap-run-*") if path != other]
    assert len(ours) == 1
    second = [str(harness.LATWRAP), "-q", "-o", str(directory / "r2.json"), "--", "true"]
    environment = harness.environment(TMPDIR=str(directory))
    assert children.run(*second, env=environment).status == 0
    assert ours[0].exists(), "that of a run which lives"
    child.kill(9)
    child.process.wait()
    assert ours[0].exists()
    assert children.run(*second, env=environment).status == 0
    assert not ours[0].exists() and other.exists() and report.exists()
    child.send("go\n")
