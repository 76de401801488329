"""Runs the workloads, bare and under each tool in turn, and makes ratios of what they measured"""

import json
import os
import subprocess
import time
from pathlib import Path

import bench_programs
import bench_weather
from bench_stats import ENOUGH, block, in_blocks, interleaved, paired, summary
from bench_workloads import BYSTANDERS

LIMIT_S = 600
# As tests/tools/benchops.c.
GAUGE_SLACK = 1.04
ENOUGH_SLICES = 8
# At most so many times the rounds that were asked for.
EXTRA = 2


class Bench:
    """What every part of the benchmark needs: the programs, a directory to work in, and the tools that start here"""

    def __init__(self, starter, build, work, peers, say):
        self.starter, self.say = starter, say
        self.work = Path(work)
        self.tools = Path(build) / "tests"
        self.peers = {peer.name: peer for peer in peers}
        self.gauge_ns = None
        self.until = float("inf")

    def operations(self, peer_name, duration, names, bystander=False):
        """{workload: what it measured of itself}; empty if the tool failed"""
        peer = self.peers.get(peer_name)
        gauge = ["-g", str(self.gauge_ns)] if self.gauge_ns else []
        command = [str(self.tools / "benchops"), "-d", str(self.work), *gauge, duration, *names]
        output = self.work / "operations.json"
        try:
            with open(output, "wb") as target:
                if bystander:
                    with self.starter.around_nothing(peer):
                        subprocess.run(command, stdout=target, check=True, timeout=LIMIT_S)
                else:
                    with self.starter.beside(peer):
                        subprocess.run(self.starter.prefix(peer) + command, stdout=target, check=True,
                                       stderr=subprocess.DEVNULL, timeout=LIMIT_S)
            rows = [json.loads(line) for line in output.read_text().splitlines()]
            self.gauge_ns = min([row["gauge_ns"] for row in rows] + ([self.gauge_ns] if self.gauge_ns else []))
            return {row["workload"]: row for row in rows}
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self.say(f"{peer_name}: {error}")
            return {}

    def program(self, peer, workload):
        """[wall and CPU time of the program itself, without the tool's start and end]; empty if it failed"""
        clock = self.work / "clocked.json"
        command = [str(self.tools / "clocked"), str(clock), workload.name] + workload.argv
        clock.unlink(missing_ok=True)
        with self.starter.beside(peer):
            began = time.monotonic_ns()
            subprocess.run(self.starter.prefix(peer) + command, cwd=workload.directory, check=False,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           timeout=LIMIT_S)
            whole = time.monotonic_ns() - began
        row = json.loads(clock.read_text()) if clock.exists() else {"status": None}
        if row["status"] != 0:
            self.say(f"{workload.name} under {peer.name if peer else 'nothing'} failed: {row['status']}")
            return []
        return [dict(row, whole_ns=whole, wall_ns=row["ended_ns"] - row["began_ns"],
                     cpu_ns=row["user_ns"] + row["system_ns"])]

    def report_of(self, workload, options):
        """What the clock below latwrap and latwrap's report say of one run of a program"""
        clock, report = self.work / "share.clock", self.work / "share.json"
        clock.unlink(missing_ok=True)
        subprocess.run([self.starter.places["latwrap"], "-q", *options, "-o", str(report), "--",
                        str(self.tools / "clocked"), str(clock), workload.name] + workload.argv,
                       cwd=workload.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False, timeout=LIMIT_S)
        return json.loads(clock.read_text()), json.loads(report.read_text())

    def share_of_programs(self, workload):
        """What the kernel counts for the BPF programs of latwrap (which costs some itself), and the CPU time of all"""
        row, read = self.report_of(workload, ["--self-profile"])
        programs = [program for program in read["tracing"]["programs"] if program.get("run_count")]
        cpu_ns = row["user_ns"] + row["system_ns"]
        dearest = max(programs, key=lambda program: program["run_ns"])
        return {"cpu_ns": cpu_ns, "calls": read["totals"]["io"]["operations"]["count"],
                "waits": read["totals"]["cpu"]["waits"]["count"],
                "share": sum(program["run_ns"] for program in programs) / cpu_ns,
                "dearest": dearest["name"], "dearest_count": dearest["run_count"]}

    def said_ratio(self, workload):
        """What --overhead says that tracing costs, as a ratio to bare; None if no run was long enough"""
        found = []
        for _ in range(ENOUGH):
            _, read = self.report_of(workload, ["--overhead=100%"])
            share_ppm = read["tracing"]["overhead"]["cost"]["share_ppm"]
            if share_ppm is not None:
                found.append(1 / (1 - share_ppm / 1e6))
        return summary(found) if found else None

    # -- Rounds ------------------------------------------------------------------------------------------------------

    def in_time(self, rounds):
        """
        The numbers of the rounds, until another one as long as the longest so far would take too long. That depends on
        the machine and the weather only, not on what was measured.
        """
        longest = 0.0
        for number in range(rounds):
            began = time.monotonic()
            if number and began + longest > self.until:
                self.say(f"{number} of {rounds} rounds in the time that there is")
                return
            yield number
            longest = max(longest, time.monotonic() - began)

    def _rounds(self, tools, rounds, one_run):
        """[(tool, {workload: row})] in the order of the runs"""
        runs = [("bare", one_run("bare"))]
        for number in self.in_time(rounds):
            for tool in interleaved(tools, number):
                self.say(f"{number + 1}/{rounds} {tool}", passing=True)
                runs.append((tool, one_run(tool)))
        return runs

    def is_calm(self, row):
        """As judged in the end, when it is known how fast the core can be"""
        return row["calm"] >= min(ENOUGH_SLICES, row["slices"]) and row["gauge_ns"] <= self.gauge_ns * GAUGE_SLACK

    def pairs_of(self, runs, name, metric):
        return paired([(tool, rows[name][metric], self.is_calm(rows[name])) if name in rows else (tool, None, False)
                       for tool, rows in runs])

    def wanting(self, runs, tools, names):
        """{tool: the workloads of which it has too few calm pairs}"""
        calm = {name: self.pairs_of(runs, name, "cpu_ns_per_op") for name in names}
        found = {tool: [name for name in names if tool in calm[name] and calm[name][tool]["calm"] < ENOUGH]
                 for tool in tools}
        return {tool: missing for tool, missing in found.items() if missing}

    def compare_operations(self, tools, rounds, duration, names, bystander=False):
        self.operations(None, "300ms", ["gauge"])
        runs = self._rounds(tools, rounds, lambda tool: self.operations(tool, duration, names, bystander))
        # Whether to go on depends on the weather only, not on what was measured.
        for _ in self.in_time(EXTRA * rounds if rounds >= ENOUGH else 0):
            wanting = self.wanting(runs, tools, names)
            for tool, missing in wanting.items():
                for each in ("bare", tool, "bare"):
                    self.say(f"waiting for calm: {each} {' '.join(missing)}", passing=True)
                    runs.append((each, self.operations(each, duration, missing, bystander)))
        return {name: {metric: self.pairs_of(runs, name, metric) for metric in ("ns_per_op", "cpu_ns_per_op")}
                for name in names}

    def compare_bystanders(self, tools, rounds, duration):
        return self.compare_operations(tools, rounds, duration, BYSTANDERS, bystander=True)

    def compare_programs(self, tools, rounds, workloads):
        """Blocks, and how much of each run had the cores to itself"""
        blocks = {}
        with bench_weather.Weather(self.tools / "weather", self.work / "weather") as weather:
            for number in self.in_time(rounds if tools else 0):
                for workload in workloads:
                    runs = []
                    for tool in block(tools, number):
                        self.say(f"{number + 1}/{rounds} {workload.name} {tool}", passing=True)
                        runs += [(tool, row) for row in self.program(self.peers.get(tool), workload)]
                    for tool in tools:
                        blocks.setdefault(workload.name, {}).setdefault(tool, []).append(
                            [(name == tool, row) for name, row in runs if name in (tool, "bare")])
        found = {}
        for name, tools_blocks in blocks.items():
            for metric in ("wall_ns", "cpu_ns", "whole_ns"):
                pairs = {tool: in_blocks([[(is_tool, row[metric], weather.shared(row["began_ns"], row["ended_ns"]))
                                           for is_tool, row in rows] for rows in each])
                         for tool, each in tools_blocks.items()}
                found.setdefault(name, {})[metric] = {tool: found for tool, found in pairs.items() if found}
        return found

    # -- Start and end -----------------------------------------------------------------------------------------------

    def start_and_end(self, options, variables, command):
        """One run of latwrap: from its start to the command's, from the command's end to its own, and its memory"""
        report, clock, outside = (self.work / f"start.{name}" for name in ("json", "clock", "outside"))
        for path in (clock, outside):
            path.unlink(missing_ok=True)
        argv = [str(self.tools / "footprint"), str(outside), self.starter.places["latwrap"], "-q", "-o", str(report),
                *options, "--", str(self.tools / "clocked"), str(clock), "it"] + command
        subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       check=True, timeout=LIMIT_S, env=dict(os.environ, **variables))
        row, whole = json.loads(clock.read_text()), json.loads(outside.read_text())
        read = json.loads(report.read_text())
        overhead = read["tracing"]["overhead"]
        return {
            "start_ns": row["began_ns"] - whole["began_ns"],
            "end_ns": whole["ended_ns"] - row["ended_ns"],
            "cpu_ns": whole["user_ns"] + whole["system_ns"] - row["user_ns"] - row["system_ns"] - row["clocked_ns"],
            "resident_bytes": row["watcher_pss_bytes"],
            # The kernel has no peak of the proportional set size. It counts the resident size by CPU, and some pages late:
            # the peak can be read as less than what was there.
            "peak_bytes": max(whole["peak_bytes"] - row["watcher_rss_bytes"], 0) + row["watcher_pss_bytes"],
            "report_bytes": report.stat().st_size,
            "load_ns": overhead["load_ns"],
            "own_cpu_ns": overhead["latwrap_user_ns"] + overhead["latwrap_system_ns"],
            "lost": sum(loss["count"] for loss in read["tracing"]["loss"]),
        }

    def operations_of(self, argv):
        """{workload: what it measured of itself} of a command that has it in its output, {} if it failed"""
        ended = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                               timeout=LIMIT_S)
        rows = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
        return {row["workload"]: row for row in rows} if ended.returncode == 0 else {}

    def in_latwrap(self, options, command):
        return self.operations_of(
            [self.starter.places["latwrap"], "-q", "-o", str(self.work / "inside.json"), *options, "--"] + command)

    def starts(self, rounds):
        """Start and end of a run with 1,000 stalls, and what the report says of its own cost"""
        rows = []
        for number in range(rounds):
            self.say(f"start and end {number + 1}/{rounds}", passing=True)
            rows.append(self.start_and_end(["--cpu-threshold=1ns", "--hiccup-threshold=1h"], {},
                                           [str(self.tools / "benchops"), "500x", "pipe"]))
        found = {name: summary([row[name] for row in rows]) for name in rows[0]}
        found["overhead_share"] = summary([row["own_cpu_ns"] / row["cpu_ns"] for row in rows])
        return found

    def programs_profile(self, duration, names):
        """What each BPF program cost, as the kernel counted it over these operations, and how long it is"""
        report = self.work / "profile.json"
        command = [str(self.tools / "benchops"), "-d", str(self.work), duration, *names]
        with subprocess.Popen([self.starter.places["latwrap"], "-q", "--self-profile", "-o", str(report), "--", "sh",
                               "-c", 'echo go; read -r line; "$@"', "sh"] + command, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            process.stdout.readline()
            sizes = bench_programs.sizes(process.pid)
            process.communicate(b"go\n", LIMIT_S)
        programs = json.loads(report.read_text())["tracing"]["programs"]
        return [dict(program, **sizes.get(program["name"][:bench_programs.NAME_BYTES], {})) for program in programs]
