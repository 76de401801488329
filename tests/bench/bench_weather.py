"""How much of the time the cores were shared with a neighbour, by tests/tools/weather.c, which runs all the while"""

import bisect
import subprocess
from pathlib import Path

SLACK = 1.04  # as tests/tools/benchops.c


class Weather:
    """Within the block it is watched; afterwards it can be asked"""

    def __init__(self, program, path):
        self.program, self.path = str(program), Path(path)
        self.process, self.times, self.is_shared = None, [], []

    def __enter__(self):
        with open(self.path, "wb") as output:
            self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=output)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.read(self.path.read_text())

    def read(self, text):
        rows = sorted((int(words[0]), float(words[2])) for words in map(str.split, text.splitlines()) if len(words) == 3)
        best = min((gauge for _, gauge in rows), default=0)
        self.times = [when for when, _ in rows]
        self.is_shared = [gauge > best * SLACK for _, gauge in rows]

    def shared(self, began_ns, ended_ns):
        """The share of the looks at any CPU in which its core was shared; 0 if there was none"""
        looks = self.is_shared[bisect.bisect_left(self.times, began_ns):bisect.bisect_right(self.times, ended_ns)]
        return sum(looks) / len(looks) if looks else 0.0
