"""The BPF objects are ordinary: other loaders than latwrap's load them as they are"""

import os
import shutil
import subprocess

import pytest

import machine
from harness import BUILD, fault

pytestmark = pytest.mark.needs("bpf", "root")

OBJECTS = ["latwrap", "latwrap_copies", "facts"]


def program(name):
    return shutil.which(name, path=machine.sbin_environment()["PATH"])


@pytest.fixture
def bpffs(directory):
    target = directory / "bpf"
    target.mkdir()
    machine.mount("none", target, "bpf")
    yield target
    machine.umount(target)


@pytest.mark.needs("bpftool")
@pytest.mark.parametrize("name", OBJECTS)
def test_bpftool(bpffs, name):
    """All programs pass this kernel's verifier; a program that does not is named"""
    done = subprocess.run([program("bpftool"), "prog", "loadall", str(BUILD / f"{name}.bpf.o"), str(bpffs / name)],
                          capture_output=True, text=True, check=False)
    # bpftool 7.1 loads all, but stops before it pins a program ("?") that it had to leave out.
    assert done.returncode == 0 or "can't pin program that wasn't loaded" in done.stderr, done.stderr


# The kernel's digest of each program's instructions as they were loaded, with all relocations
TAGS = "cat /proc/$PPID/fdinfo/* | sed -n 's/^prog_tag:\\t//p' | sort"
# Each map's number, once for each of latwrap's descriptors of it
MAPS = "cat /proc/$PPID/fdinfo/* | sed -n 's/^map_id:\\t//p' | sort"


@pytest.mark.parametrize("ways", [(), ("no-rdonly-cast",), ("no-ancestors",)], ids=str)
def test_same_by_all_types_of_the_kernel(latwrap, ways):
    """latwrap hands libbpf only a few types of the kernel, for speed (src/trace/trace_types.c)"""
    few, whole = (latwrap("--", "sh", "-c", TAGS, env=fault(*ways, *more)).stdout.split() for more in ((), ("whole-types",)))
    assert few == whole
    assert len(few) > 30


@pytest.mark.needs("cpus")
def test_same_in_one_object_and_in_two(latwrap):
    """With two CPUs, latwrap loads its programs in two objects at the same time, if it can; both have the same maps"""
    def loaded(*faults, prefix=()):
        return [latwrap("--", "sh", "-c", script, prefix=prefix, env=fault(*faults)).stdout.split() for script in (TAGS, MAPS)]

    programs, maps = loaded()
    one_cpu = loaded(prefix=("taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))))
    assert len(programs) > 30 and len(maps) == 2 * len(set(maps))
    assert one_cpu[0] == programs and len(one_cpu[1]) == len(set(one_cpu[1])) == len(set(maps))
    refused = loaded("no-parts")
    assert refused[0] == programs and len(refused[1]) == len(one_cpu[1])
