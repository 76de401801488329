"""deadline.py DIRECTORY N VICTIM CPU: says in DIRECTORY/ready that it is there, waits for a word in DIRECTORY/goN, and
fails if that came late. The victim goes to CPU first. Run by test runners, several at the same time"""

import os
import sys
import time

directory, n, victim, cpu = sys.argv[1], *map(int, sys.argv[2:5])
if n == victim:
    os.sched_setaffinity(0, {cpu})
with open(f"{directory}/ready", "w") as ready:
    ready.write(f"{n}\n")
with open(f"{directory}/go{n}") as go:
    sent_ns = int(go.readline())
late_ms = (time.monotonic_ns() - sent_ns) / 1e6
sys.exit(late_ms >= 150)
