"""Too few resources: the command gets what it would have bare, and latwrap gets by with less or names what it lacks"""

import resource

import pytest

pytestmark = pytest.mark.needs("bpf", "root", "setpriv")

# Root could raise the limit, so drop that right.
UNPRIVILEGED_LIMITS = ("setpriv", "--bounding-set", "-sys_resource", "--inh-caps", "-sys_resource")


def limited(*limits):
    def apply():
        for name, values in limits:
            resource.setrlimit(name, values)
    return apply


def test_file_size(latwrap, directory):
    """A report beyond RLIMIT_FSIZE causes an error message, not a SIGXFSZ that loses the command's status"""
    run = latwrap("--", "sh", "-c", "ulimit -f; exit 7", report=False,
                  preexec_fn=limited((resource.RLIMIT_FSIZE, (512, 512))))
    assert (run.status, run.stdout) == (7, "1\n")
    assert "File too large" in run.stderr


def test_command_dies_of_its_own_file_size_limit(latwrap, directory):
    run = latwrap("--", "sh", "-c", f"exec dd if=/dev/zero of={directory}/big bs=1M count=1", report=None,
                  preexec_fn=limited((resource.RLIMIT_FSIZE, (65536, 65536))))
    assert run.status == 128 + 25, "SIGXFSZ, not ignored and not blocked"


@pytest.mark.parametrize("soft", [20, 64])
def test_few_descriptors_that_may_be_more(latwrap, soft):
    """latwrap raises its own limits; the command has the original ones"""
    run = latwrap("--", "sh", "-c", "ulimit -Sn; ulimit -Hn",
                  preexec_fn=limited((resource.RLIMIT_NOFILE, (soft, 4096))))
    assert run.status == 0 and run.stdout.split() == [str(soft), "4096"]


@pytest.mark.parametrize("hard", [32, 64, 96, 110])
def test_few_descriptors(latwrap, hard):
    """The command then runs unmeasured, whichever step ran out"""
    run = latwrap("--", "sh", "-c", "ulimit -n; exit 7", prefix=UNPRIVILEGED_LIMITS, measured=False,
                  preexec_fn=limited((resource.RLIMIT_NOFILE, (hard, hard))))
    assert (run.status, run.stdout) == (7, f"{hard}\n")
    assert "Too many open files" in run.report["tracing"]["reason"]
    assert "ulimit -n" in run.report["tracing"]["advice"]


def test_hardly_any_descriptors(latwrap):
    """Nothing is started, and nothing is left"""
    run = latwrap("--", "echo", "ran", prefix=UNPRIVILEGED_LIMITS, report=False,
                  preexec_fn=limited((resource.RLIMIT_NOFILE, (8, 8))))
    assert run.status == 125 and run.stdout == "" and "Too many open files" in run.stderr
    assert "cgroup" not in run.stderr


def test_no_more_processes(latwrap, directory):
    """RLIMIT_NPROC applies to users other than root: the command's own forks fail, its run goes on"""
    run = latwrap("-u", "54321:54321", "--", "prlimit", "--nproc=0", "sh", "-c", "(true)")
    assert run.status == 2 and "fork" in run.stderr


def test_locked_memory(latwrap):
    run = latwrap("--", "sh", "-c", "ulimit -l", prefix=UNPRIVILEGED_LIMITS,
                  preexec_fn=limited((resource.RLIMIT_MEMLOCK, (65536, 65536))))
    assert (run.status, run.stdout) == (0, "64\n")
