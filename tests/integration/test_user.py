"""--user: the command runs as another user while latwrap keeps what it needs; the report belongs to that user"""

import json
import os
import pwd
from pathlib import Path

import pytest

from harness import LATWRAP, tool

pytestmark = pytest.mark.needs("bpf", "root")

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def open_directory(directory):
    directory.chmod(0o777)
    return directory


def inherited(latwrap, *options, **keywords):
    run = latwrap(*options, "--", tool("inherited"), **keywords)
    assert run.status == 0, run.stderr
    return run, json.loads(run.stdout)


def variables(said):
    entries = [bytes.fromhex(entry).decode().partition("=") for entry in said["environment"]]
    return {name: value for name, _, value in entries}


def ids(said, field):
    return [int(word) for word in bytes.fromhex(said[field]).decode().split(":", 1)[1].split()]


@pytest.mark.parametrize("user, uid, gid", [
    ("nobody", NOBODY.pw_uid, NOBODY.pw_gid),
    (str(NOBODY.pw_uid), NOBODY.pw_uid, NOBODY.pw_gid),
    (f"{NOBODY.pw_uid}:12", NOBODY.pw_uid, 12),
    ("nobody:12", NOBODY.pw_uid, 12),
])
def test_ids_and_environment(latwrap, open_directory, user, uid, gid):
    run, said = inherited(latwrap, "--runner=none", "-u", user)
    assert ids(said, "Uid") == [uid] * 4 and ids(said, "Gid") == [gid] * 4
    assert set(ids(said, "Groups")) <= set(os.getgrouplist("nobody", gid))
    assert 0 not in ids(said, "Groups")
    for name in ("CapEff", "CapPrm", "CapAmb"):
        assert int(bytes.fromhex(said[name]).decode().split()[1], 16) == 0
    variable = variables(said)
    assert (variable["HOME"], variable["USER"], variable["LOGNAME"]) == (NOBODY.pw_dir, "nobody", "nobody")
    assert variable["PATH"] == os.environ["PATH"]
    assert run.report["run"]["user"] == {"uid": uid, "gid": gid, "name": "nobody"}


def test_uid_without_a_name(latwrap, open_directory):
    run, said = inherited(latwrap, "--user", "54321:54322")
    assert ids(said, "Uid") == [54321] * 4 and ids(said, "Gid") == [54322] * 4 and set(ids(said, "Groups")) <= {54322}
    assert run.report["run"]["user"] == {"uid": 54321, "gid": 54322, "name": None}


@pytest.mark.parametrize("user, above", [("nobody", NOBODY.pw_uid), ("54321:54322", 54321), ("nobody", 54321)])
def test_groups_of_who_called_sudo(children, open_directory, user, above):
    """A user's process with a group that no database has (perhaps docker's) becomes root as by sudo, without it"""
    script = f"""if True:
        import os, sys
        os.setgroups([{above}, 4711])
        os.setresgid({above}, {above}, 0)
        os.setresuid({above}, {above}, 0)
        pid = os.fork()
        if pid == 0:
            os.setresuid(0, 0, 0)
            os.setresgid(0, 0, 0)
            os.setgroups([0, 4712])
            os.execv(sys.argv[1], sys.argv[1:])
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"""
    done = children.run("/usr/bin/python3", "-c", script, str(LATWRAP), "-q", "-o", str(open_directory / "r.json"), "-u", user,
                        "--", "id", "-G")
    assert done.status == 0, done.stderr
    groups = set(map(int, done.stdout.split()))
    assert (4711 in groups) == (user != "nobody" or above == NOBODY.pw_uid)
    assert not {0, 4712} & groups


def test_everything_else_is_inherited(latwrap, open_directory, children):
    """Against setpriv, which a user would take without latwrap"""
    bare = children.run("setpriv", "--reuid=nobody", "--regid=nogroup", "--init-groups", tool("inherited"))
    assert bare.status == 0, bare.stderr
    expected = json.loads(bare.stdout)
    run, said = inherited(latwrap, "-q", "-u", "nobody")
    for key in ("signals", "limits", "cwd", "sid", "policy", "nice", "SigBlk", "SigIgn", "Umask", "CapBnd",
                "NoNewPrivs", "Seccomp", "death_signal", "keepcaps", "securebits", "dumpable"):
        assert said[key] == expected[key], key
    assert [entry["fd"] for entry in said["fds"]] == [entry["fd"] for entry in expected["fds"]]
    assert run.status == 0


def test_report_belongs_to_the_user(latwrap, open_directory):
    run = latwrap("-u", "nobody", "--", "true")
    owner = run.path.stat()
    assert (owner.st_uid, owner.st_gid) == (NOBODY.pw_uid, NOBODY.pw_gid)


def test_report_in_a_directory_that_is_not_the_users(latwrap, directory):
    """Root may write there and asked for it: latwrap makes the file and gives it to the user"""
    directory.chmod(0o755)
    run = latwrap("-u", "nobody", "--", "true")
    assert run.path.stat().st_uid == NOBODY.pw_uid


def test_link_in_the_place_of_the_report_is_not_followed(latwrap, open_directory):
    """What the user puts there must not make root write elsewhere"""
    target = open_directory / "precious"
    target.write_text("precious")
    target.chmod(0o600)
    link = open_directory / "r.json"
    link.symlink_to(target)
    os.chown(link, NOBODY.pw_uid, NOBODY.pw_gid, follow_symlinks=False)
    latwrap("-o", link, "-u", "nobody", "--", "true", report=None)
    assert target.read_text() == "precious" and target.stat().st_uid == 0


@pytest.mark.parametrize("option", ["-o", "--log"])
@pytest.mark.parametrize("mode", [0o755, 0o1777], ids=["root's", "sticky"])
def test_file_of_a_third_user_is_refused(children, directory, option, mode):
    """Where the user may not write, root's rights serve, but not to replace a file of a third user"""
    place = directory / "place"
    place.mkdir()
    place.chmod(mode)
    file = place / "file"
    file.write_text("precious")
    os.chown(file, 54321, 54321)
    other = ["-o", str(directory / "r.json")] if option == "--log" else []
    done = children.run(str(LATWRAP), *other, option, str(file), "-u", "nobody", "--", "echo", "ran")
    assert (done.status, done.stdout) == (125, "")
    assert done.stderr == f"latwrap: '{file}' belongs to UID 54321: remove it, or name another file\n"
    assert file.read_text() == "precious" and file.stat().st_uid == 54321


def test_log_in_a_directory_that_is_not_the_users(latwrap, directory):
    """The next run writes a file made for the user again, but not another file of another name"""
    log, precious = directory / "log", directory / "precious"
    for _ in range(2):
        run = latwrap("--log", log, "-u", "nobody", "--", "true")
        assert run.status == 0, run.stderr
        assert log.stat().st_uid == NOBODY.pw_uid and log.read_text().count('"event":"run"') == 1
    log.unlink()
    precious.write_text("precious")
    log.hardlink_to(precious)
    run = latwrap("--log", log, "-u", "nobody", "--", "true", report=False)
    assert run.status == 125 and "Too many links" in run.stderr
    assert precious.read_text() == "precious" and precious.stat().st_uid == 0


def test_log_of_the_users_is_opened_with_their_rights(latwrap, open_directory):
    """latwrap does not write a file in the user's own directory that the user may not write"""
    log = open_directory / "log"
    log.write_text("precious")
    run = latwrap("--log", log, "-u", "nobody", "--", "true", report=False)
    assert run.status == 125 and run.stderr == f"latwrap: cannot write to '{log}': Permission denied\n"
    assert log.read_text() == "precious" and log.stat().st_uid == 0


def test_stalls_are_found_all_the_same(latwrap, open_directory, slowfs):
    slow = slowfs("read:/f=40ms")
    path = slow.write("f")
    run = latwrap("-u", "nobody", "--", tool("fileop"), "read", path)
    assert run.status == 0, run.stderr
    assert run.only("io", operation="read", path=str(path))["pid"] == run.op()["pid"]


def test_command_that_the_user_may_not_run(latwrap, open_directory):
    program = open_directory / "secret"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o700)
    assert latwrap("-u", "nobody", "--", program, report=None).status == 126


def test_files_that_the_user_may_not_read(latwrap, open_directory):
    secret = open_directory / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    assert latwrap("-u", "nobody", "--", "cat", secret).status == 1


def test_user_cannot_get_back(latwrap, open_directory):
    """No way back to root: no saved IDs, no capabilities, no descriptor of latwrap's"""
    script = "import os\ntry:\n  os.setuid(0); print('root again')\nexcept PermissionError:\n  print('no')"
    assert latwrap("-u", "nobody", "--", "/usr/bin/python3", "-c", script).stdout == "no\n"
    cgroup = "d=$(sed -n s/^0:://p /proc/self/cgroup); cat /proc/self/fdinfo/* >/dev/null; ls /proc/self/fd"
    assert latwrap("-u", "nobody", "--", "sh", "-c", cgroup).stdout.split()[:3] == ["0", "1", "2"]


def test_leftovers_and_timeout_as_the_user(latwrap, open_directory):
    script = "trap '' TERM; sleep 1000 & wait; while :; do sleep 1; done"
    run = latwrap("-u", "nobody", "--timeout", "400ms", "--", "sh", "-c", script)
    assert run.status == 124


def test_own_cgroup_cannot_be_left_by_the_user(latwrap, open_directory):
    """The cgroup is root's: the user's processes stay where they are measured"""
    script = "echo $$ > $(awk '$3 ~ /cgroup2/ || $9 == \"cgroup2\" {print $2; exit}' /proc/mounts)/cgroup.procs"
    run = latwrap("-u", "nobody", "--", "sh", "-c", script)
    assert run.status != 0


def test_without_root_it_is_refused(children, open_directory):
    done = children.run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(LATWRAP), "-o",
                        str(open_directory / "r.json"), "-u", "root", "--", "id")
    assert done.status == 125 and "latwrap:" in done.stderr and done.stdout == ""
    assert not Path(open_directory / "r.json").exists()
