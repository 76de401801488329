"""The servers that tests ask: those outside the run, and those that the session starts"""

import json
import os
import subprocess
import sys
from pathlib import Path

from case import OTHER_CPU, VICTIM_CPU

SERVER = Path(__file__).with_name("server.py")


def start(cpu, kind, address, *behind, **popen):
    """Starts a server and returns (its process, its address)"""
    argv = [sys.executable, "-S", str(SERVER), str(cpu), kind, str(address), *map(str, behind)]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **popen)
    return process, process.stdout.readline().decode().split()[0]


class Servers:
    """
    Places: "daemon" outside the run; "elsewhere" outside, on a CPU that nobody holds; "chain" outside, which asks another
    one; "fixture" in the run; "proxy" in the run, which asks a daemon outside; "workers" in the run, which asks another one
    in the run. All others, and the last in each chain, are pinned to the CPU that tests hold.
    """

    def __init__(self, directory):
        self.directory = directory
        self.outside = json.loads(os.environ["ANSWERS_DAEMONS"])
        self.inside, self.processes = {}, []

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()

    def start(self, name, cpu, kind, *behind):
        address = 0 if kind in ("tcp", "udp") else self.directory / f"{name}-{kind}"
        process, self.inside[name, kind] = start(cpu, kind, address, *behind)
        self.processes.append(process)
        return self.inside[name, kind]

    def address(self, place, kind):
        if place in ("daemon", "chain", "elsewhere"):
            return self.outside[f"{place}-{kind}"]
        if (place, kind) not in self.inside:
            if place == "fixture":
                self.start(place, VICTIM_CPU, kind)
            elif place == "proxy":
                self.start(place, OTHER_CPU, kind, kind, self.outside[f"daemon-{kind}"])
            else:
                self.start(place, OTHER_CPU, kind, kind, self.start("worker", VICTIM_CPU, kind))
        return self.inside[place, kind]
