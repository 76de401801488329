"""Runs latwrap under strace: counts its system calls, stops it in one of them, or makes one fail"""

import collections
import ctypes
import errno
import os
import platform
import re

LIBC = ctypes.CDLL(None, use_errno=True)
CALL = re.compile(r"^(\w+)\(")


def traced(*options, log="/dev/null"):
    """The prefix to run latwrap under. strace does not trace its children, so the command does not notice"""
    return ["strace", "-qq", "-o", str(log), *options]


def calls(log):
    """The calls of a log in order, as [(name, number of the call among those of that name)]"""
    count = collections.Counter()
    made = []
    for line in log.read_text(errors="replace").splitlines():
        match = CALL.match(line)
        if match:
            count[match[1]] += 1
            made.append((match[1], count[match[1]]))
    return made


def worth_stopping(made):
    """Leaves out most reads: nine of ten calls read the kernel's BTF, where one moment is as good as another"""
    reads = [call for call in made if call[0] == "read"]
    kept = set(reads[::100])
    return [call for call in made if call[0] != "read" or call in kept]


def stopping_at(call, log):
    """Stops it in the call-th call of that name, to look at what it holds before it is killed"""
    name, number = call
    return traced("-e", f"trace={name}", "-e", f"inject={name}:signal=STOP:when={number}", log=log)


def has_stopped(log):
    return log.exists() and "stopped by SIGSTOP" in log.read_text(errors="replace")


def kernel_objects(pid):
    """The BPF objects that a process holds: {("prog", 17), ("map", 4), ...}"""
    found = set()
    for entry in os.scandir(f"/proc/{pid}/fdinfo"):
        with open(entry.path, encoding="ascii") as info:
            for line in info:
                kind, _, number = line.partition(":")
                if kind in ("prog_id", "map_id", "link_id", "btf_id"):
                    found.add((kind.removesuffix("_id"), int(number)))
    return found


# bpf(2), include/uapi/linux/bpf.h: BPF_*_GET_NEXT_ID
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
NEXT_ID = {"prog": 11, "map": 12, "btf": 23, "link": 31}


def exists(kernel_object):
    """Without taking hold of it, as bpftool does: a map of programs that somebody lets go of while the kernel is
    about to empty it stays for ever (kernel/bpf/arraymap.c, prog_array_map_clear())"""
    kind, number = kernel_object
    attributes = (ctypes.c_uint32 * 32)(number - 1)
    failed = LIBC.syscall(SYS_BPF, NEXT_ID[kind], ctypes.byref(attributes), ctypes.sizeof(attributes))
    if failed and ctypes.get_errno() != errno.ENOENT:
        raise OSError(ctypes.get_errno(), f"cannot ask for {kind} {number}")
    return not failed and attributes[1] == number


def refusing(call, word, on=False):
    """Makes the call-th call of that name fail with that error without executing it; with on, all later ones too"""
    name, number = call
    return traced("-e", f"trace={name}", "-e", f"inject={name}:error={word}:when={number}{'+' if on else ''}")
