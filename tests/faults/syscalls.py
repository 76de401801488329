"""Runs latwrap under strace, which counts its system calls, and stops it in, or fails, just the one that is asked for"""

import collections
import os
import re
import subprocess

CALL = re.compile(r"^(\w+)\(")


def traced(*options, log="/dev/null"):
    """What latwrap is to run under. Its children are not traced, so the command knows nothing of it"""
    return ["strace", "-qq", "-o", str(log), *options]


def calls(log):
    """[(name, which call of that name)] of a log, in order"""
    count = collections.Counter()
    made = []
    for line in log.read_text(errors="replace").splitlines():
        match = CALL.match(line)
        if match:
            count[match[1]] += 1
            made.append((match[1], count[match[1]]))
    return made


def worth_stopping(made):
    """Without most of the reads: nine calls of ten read the kernel's BTF, where one moment is as good as another"""
    reads = [call for call in made if call[0] == "read"]
    kept = set(reads[::100])
    return [call for call in made if call[0] != "read" or call in kept]


def stopping_at(call, log):
    """Stops itself in its call'th call of that name, so that what it holds then can be looked at before it is killed"""
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


def exists(kernel_object):
    kind, number = kernel_object
    shown = subprocess.run(["bpftool", kind, "show", "id", str(number)], capture_output=True, check=False,
                           env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    return shown.returncode == 0


def refusing(call, word, on=False):
    """Has its call'th call of that name, with on also all later ones, fail with that error, unmade"""
    name, number = call
    return traced("-e", f"trace={name}", "-e", f"inject={name}:error={word}:when={number}{'+' if on else ''}")
