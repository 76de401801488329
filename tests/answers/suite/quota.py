"""Switches the CPU quota of a cgroup on and off, in either version of the hierarchy"""

import os
from contextlib import contextmanager
from pathlib import Path

PERIOD_US, QUOTA_US = 100_000, 20_000
NS_PER_US = 1000


class Quota:
    """The quota of "OWN" or "DAEMON"; how much of the time it took is in throttled_ns afterwards"""

    def __init__(self, whose):
        self.directory = Path(os.environ[f"ANSWERS_QUOTA_{whose}"])
        self.version1 = (self.directory / "cpu.cfs_quota_us").exists()

    def write(self, quota_us):
        if self.version1:
            (self.directory / "cpu.cfs_quota_us").write_text(str(quota_us or -1))
        else:
            (self.directory / "cpu.max").write_text(f"{quota_us or 'max'} {PERIOD_US}")

    def all_throttled_ns(self):
        stat = dict(line.split() for line in (self.directory / "cpu.stat").read_text().splitlines())
        return int(stat["throttled_time"]) if self.version1 else int(stat["throttled_usec"]) * NS_PER_US

    @contextmanager
    def limited(self, facts):
        """Adds what the quota took in the block to facts["throttled_ns"]"""
        before_ns = self.all_throttled_ns()
        self.write(QUOTA_US)
        try:
            yield
        finally:
            self.write(0)
            facts["throttled_ns"] = self.all_throttled_ns() - before_ns
