#!/usr/bin/env python3
"""What each way to look at system calls adds to a call, by programs that do nothing, and what latwrap adds

It prints nanoseconds, which are instructions in a guest of

    ci/kernels/vm matrix --instructions 6.1 6.12 6.18 7.3 -- /usr/bin/python3 tests/bench/bench_call_ways.py
"""

import ctypes
import json
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from bench_workloads import ROOT

BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))
WORKLOADS = ["getppid", "pread", "selfpipe"]
# The number of bpf(2), and how the functions of calls are named.
SYS_BPF, PREFIX = {"x86_64": (321, "__x64_sys_"), "aarch64": (280, "__arm64_sys_")}[platform.machine()]
# include/uapi/linux/bpf.h
PROG_LOAD, RAW_TRACEPOINT_OPEN, LINK_CREATE = 5, 17, 28
TYPE_KPROBE, TYPE_TRACING = 2, 26
TRACEPOINT, FENTRY, FEXIT, KPROBE_MULTI, KPROBE_SESSION, FSESSION_MULTI = 23, 24, 25, 42, 56, 61
RETURNS = 1  # BPF_F_KPROBE_MULTI_RETURN
SETTLE_S = 0.5  # so that no way pays for the detaching of the one before
# How the kernel names calls that it has twice.
RENAMED = {"stat": "newstat", "lstat": "newlstat", "fstat": "newfstat", "sendfile": "sendfile64"}

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    """A descriptor, or OSError"""
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    found = libc.syscall(SYS_BPF, command, buffer, len(attributes))
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def load(program_type, attach_type, btf_id=0):
    """A program that returns 0"""
    instructions = ctypes.create_string_buffer(struct.pack("<QQ", 0xb7, 0x95))
    licence = ctypes.create_string_buffer(b"GPL")
    return bpf(PROG_LOAD, struct.pack(
        "<IIQQIIQII16sIIIIQIIQII", program_type, 2, ctypes.addressof(instructions), ctypes.addressof(licence),
        0, 0, 0, 0, 0, b"nothing", 0, attach_type, 0, 0, 0, 0, 0, 0, 0, btf_id))


def attach_traced(attach_type, btf_id):
    return bpf(RAW_TRACEPOINT_OPEN, struct.pack("<QI", 0, load(TYPE_TRACING, attach_type, btf_id)))


def link(program, attach_type, more):
    return bpf(LINK_CREATE, struct.pack("<IIII", program, 0, attach_type, 0) + more)


class Kernel:
    """The kernel's types: its tracepoints, and its functions of the calls that latwrap knows"""

    def __init__(self):
        known = re.findall(r"^\tCALL\((\w+),", (ROOT / "src/model/calls.c").read_text(), re.MULTILINE)
        wanted = {f"{PREFIX}{RENAMED.get(name, name)}" for name in known}
        bpftool = shutil.which("bpftool", path=f"{os.environ['PATH']}:/usr/sbin")
        types = subprocess.run([bpftool, "btf", "dump", "file", "/sys/kernel/btf/vmlinux"], check=True,
                               stdout=subprocess.PIPE, text=True).stdout
        self.tracepoints = {name: int(number) for number, name in
                            re.findall(r"^\[(\d+)\] TYPEDEF 'btf_trace_(sys_\w+)'", types, re.MULTILINE)}
        self.functions = {name: int(number) for number, name in
                          re.findall(rf"^\[(\d+)\] FUNC '({PREFIX}\w+)'", types, re.MULTILINE) if name in wanted}


def tracepoints(kernel):
    return [attach_traced(TRACEPOINT, kernel.tracepoints[name]) for name in ("sys_exit", "sys_enter")]


def trampoline(kernel):
    number = kernel.functions[f"{PREFIX}pread64"]
    return [attach_traced(FEXIT, number), attach_traced(FENTRY, number)]


def kprobes(kernel, attach_type, flags):
    names = (ctypes.c_char_p * len(kernel.functions))(*(name.encode() for name in kernel.functions))
    return link(load(TYPE_KPROBE, attach_type), attach_type,
                struct.pack("<IIQQQ", flags, len(names), ctypes.addressof(names), 0, 0))


def multi(kernel):
    return [kprobes(kernel, KPROBE_MULTI, RETURNS), kprobes(kernel, KPROBE_MULTI, 0)]


def session(kernel):
    return [kprobes(kernel, KPROBE_SESSION, 0)]


def trampolines(kernel):
    numbers = (ctypes.c_uint32 * len(kernel.functions))(*kernel.functions.values())
    return [link(load(TYPE_TRACING, FSESSION_MULTI), FSESSION_MULTI,
                 struct.pack("<QQQ", ctypes.addressof(numbers), 0, len(numbers)))]


WAYS = {
    "sys_enter and sys_exit": tracepoints,
    "fentry and fexit, of pread only": trampoline,
    "kprobe.multi and kretprobe.multi": multi,
    "kprobe.session": session,
    "fsession.multi": trampolines,
}
OWN = {"latwrap": [], "latwrap --io=blocked": ["--io=blocked"], "latwrap --io=off": ["--io=off"]}


@contextmanager
def attached(way, kernel, times):
    began = time.monotonic()
    links = way(kernel)
    times.append((time.monotonic() - began) * 1e3)
    yield
    began = time.monotonic()
    for each in links:
        os.close(each)
    times.append((time.monotonic() - began) * 1e3)


def counted(directory, prefix=()):
    """Instructions for one operation of each workload"""
    ended = subprocess.run([*prefix, str(BUILD / "tests/benchops"), "-d", directory, "30ms", *WORKLOADS],
                           check=True, stdout=subprocess.PIPE, text=True)
    return [row["ns_per_op"] for row in map(json.loads, ended.stdout.splitlines())]


def row(name, cells):
    print(f"| {name:32} | " + " | ".join(f"{cell:>8}" for cell in cells) + " |", flush=True)


def main():
    kernel = Kernel()
    print(f"\nLinux {os.uname().release}, {len(kernel.functions)} functions\n")
    row("added to one operation", [*WORKLOADS, "attach", "detach"])
    row("---", ["---"] * (len(WORKLOADS) + 2))
    with tempfile.TemporaryDirectory() as directory:
        bare = counted(directory)
        row("bare", [f"{each:.0f}" for each in bare] + ["", ""])
        for name, way in WAYS.items():
            times = []
            try:
                with attached(way, kernel, times):
                    more = counted(directory)
            except OSError as error:
                row(name, [error.strerror] + [""] * (len(WORKLOADS) + 1))
                continue
            row(name, [f"{with_it - without:+.0f}" for with_it, without in zip(more, bare)] +
                [f"{each:.1f} ms" for each in times])
            time.sleep(SETTLE_S)
        for name, options in OWN.items():
            more = counted(directory, [str(BUILD / "latwrap"), "-q", *options, "-o", f"{directory}/report.json", "--"])
            row(name, [f"{with_it - without:+.0f}" for with_it, without in zip(more, bare)] + ["", ""])


if __name__ == "__main__":
    sys.exit(main())
