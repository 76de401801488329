#!/usr/bin/env python3
"""What latwrap costs, beside what other tools cost, in one run: bench.py --help"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_goals
import bench_plot
import bench_scale
import bench_tables
import bench_wrappers
from bench_peers import PEERS, Starter
from bench_run import Bench
from bench_workloads import OPERATIONS, PREPARERS, ROOT, prepare

PARTS = ["start", "programs", "operations", "bystanders", "real", "scale", "wrappers"]
DEFAULT_PARTS = ",".join(PARTS[:-2])
TRACEFS = "/sys/kernel/tracing"
# How the time is divided; what a part leaves is there for those behind it.
WEIGHTS = {"start": 1, "programs": 1, "operations": 8, "bystanders": 4, "real": 26, "scale": 14, "wrappers": 14}
TOOLS = "latwrap,latwrap --io=blocked,empty"
SUMMARY = ("<!-- summary of make bench -->", "<!-- end of summary -->")
TABLES = ("<!-- tables of make bench -->", "<!-- end of tables -->")


def options(words=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.environ.get("BUILD_DIR", str(ROOT / "build")), help="of latwrap")
    parser.add_argument("--output", default=None, help="the JSON file; parts measured earlier stay in it")
    parser.add_argument("--parts", default=DEFAULT_PARTS,
                        help="of " + ",".join(PARTS) + "; by itself it leaves out the last two, which take minutes")
    parser.add_argument("--minutes", type=float, default=10, help="for all parts: rounds that would take longer are left out")
    parser.add_argument("--tools", default=TOOLS, help="of: " + ", ".join(peer.name for peer in PEERS))
    parser.add_argument("--operations", default=",".join(item.name for item in OPERATIONS))
    parser.add_argument("--real", default=",".join(PREPARERS), help="which programs")
    parser.add_argument("--wrappers", default=",".join(bench_wrappers.RUNNERS), help="of which test runners")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of each tool and workload")
    parser.add_argument("--real-rounds", type=int, default=5, help="blocks of bare, each tool, each tool, bare of programs")
    parser.add_argument("--duration", default="60ms", help="of one operation's measurement, if the machine is calm")
    parser.add_argument("--largest", type=int, default=1_000_000, help="how far costs are followed")
    parser.add_argument("--document", default=None, help="a page in Markdown: the tables go between its markers")
    parser.add_argument("--plots", default=None, help="a directory for the plots")
    parser.add_argument("--sources", default=None, help="where to keep Debian's sources")
    return parser.parse_args(words)


def check(arguments):
    """Minutes of measuring must not be lost to a word that could have been refused at once"""
    for option, known in (("parts", ["", *PARTS]), ("tools", [peer.name for peer in PEERS]),
                          ("operations", [item.name for item in OPERATIONS]), ("real", PREPARERS),
                          ("wrappers", bench_wrappers.RUNNERS)):
        for name in getattr(arguments, option).split(","):
            if name not in known:
                sys.exit(f"bench.py: --{option}: there is no '{name}'; see --help")
    for option in ("output", "plots"):
        path = getattr(arguments, option)
        if path and not Path(path).parent.is_dir():
            sys.exit(f"bench.py: --{option}: the directory of '{path}' does not exist; make it first")
    if arguments.document and not Path(arguments.document).is_file():
        sys.exit(f"bench.py: --document: there is no file '{arguments.document}'")


def needs_namespace():
    """perf and bpftrace want tracefs mounted; the rest of the system need not see it"""
    return os.geteuid() == 0 and not Path(TRACEFS, "events").exists() and "BENCH_NAMESPACE" not in os.environ


def enter_namespace():
    script = f'mount -t tracefs tracefs {TRACEFS} || true; exec "$@"'
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", sys.executable, *sys.argv]
    os.execvpe(argv[0], argv, dict(os.environ, BENCH_NAMESPACE="1"))


def say(text, passing=False):
    if passing and not sys.stderr.isatty():
        return
    print(f"\r\033[K{text}" if sys.stderr.isatty() else text, end="" if passing else "\n", file=sys.stderr, flush=True)


def compile_empty(work):
    """The empty programs, without and with a clock; tools that do not start, without clang"""
    source = Path(__file__).resolve().parent / "empty.bpf.c"
    flags = ["-D__TARGET_ARCH_x86"] if platform.machine() == "x86_64" else []
    if not shutil.which("clang"):
        return
    for name, more in (("empty", []), ("clocks", ["-DREADS_CLOCK"])):
        subprocess.run(["clang", "-g", "-O2", "-target", "bpf", *flags, *more, "-c", str(source),
                        "-o", str(Path(work) / f"{name}.bpf.o")], check=True)


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def machine():
    return {"kernel": platform.release(), "cpus": os.cpu_count(), "cpu_model": cpu_model()}


def commit():
    found = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty=, changed", "--abbrev=9"],
                           capture_output=True, text=True, check=False)
    return found.stdout.strip() or "not in a repository"


def chosen_peers(starter, wanted):
    """Those that start here, and a row about each"""
    peers, rows = [], []
    for peer in PEERS:
        if peer.name not in wanted:
            continue
        say(f"trying {peer.name}", passing=True)
        missing = starter.trial(peer)
        rows.append({"name": peer.name, "records": peer.records, "missing": missing})
        if missing:
            say(f"{peer.name} does not start here: {missing}")
        else:
            peers.append(peer)
    return peers, rows


def measure_real(bench, arguments, results, work):
    """All tools in blocks, and what is spent in latwrap's BPF programs"""
    sources = arguments.sources or str(Path(arguments.build) / "bench-sources")
    workloads = prepare(arguments.real.split(","), sources, work)
    for workload in workloads:
        if workload.missing:
            say(f"{workload.name} is left out: {workload.missing}")
    ready = [workload for workload in workloads if not workload.missing]
    profiled = ready if "latwrap" in bench.peers else []
    shares = {workload.name: {"profile": bench.share_of_programs(workload), "said": bench.said_ratio(workload)}
              for workload in profiled}
    found = bench.compare_programs(list(bench.peers), arguments.real_rounds, ready)
    merge(results.setdefault("real", {}), found)
    merge(results.setdefault("real_what", {}), {
        workload.name: {"name": workload.name, "what": workload.what, "missing": workload.missing,
                        **shares.get(workload.name, {})}
        for workload in workloads})


def merge(known, found):
    """What was measured now replaces the same of earlier runs; other tools and workloads stay"""
    for name, value in found.items():
        if isinstance(value, dict) and isinstance(known.get(name), dict) and "median" not in value:
            merge(known[name], value)
        else:
            known[name] = value
    return known


def measure_scale(bench, arguments, results, _work):
    found = bench_scale.measure(bench, arguments.largest, min(3, arguments.rounds))
    nested = bench_scale.nested(bench, arguments.largest, min(3, arguments.rounds))
    results.update(scale=found, scale_judged=bench_scale.judge(found), nested=nested)


def measure_wrappers(bench, arguments, results, _work):
    merge(results.setdefault("wrappers", {}), bench_wrappers.measure(
        bench, Path(arguments.build), arguments.wrappers.split(","), arguments.rounds))


def measure_start(bench, arguments, results, _work):
    results["start"] = bench.starts(max(6, arguments.rounds))


def measure_programs(bench, _arguments, results, _work):
    results["programs"] = bench.programs_profile("300ms", [item.name for item in OPERATIONS])


def measure_operations(bench, arguments, results, _work):
    merge(results.setdefault("operations", {}), bench.compare_operations(
        list(bench.peers), arguments.rounds, arguments.duration, arguments.operations.split(",")))


def measure_bystanders(bench, arguments, results, _work):
    merge(results.setdefault("bystanders", {}),
          bench.compare_bystanders(list(bench.peers), arguments.rounds, arguments.duration))


MEASURERS = {"start": measure_start, "programs": measure_programs, "operations": measure_operations,
             "bystanders": measure_bystanders, "real": measure_real, "scale": measure_scale, "wrappers": measure_wrappers}


def measure(bench, arguments, results, work):
    parts = [part for part in arguments.parts.split(",") if part]
    ends = time.monotonic() + 60 * arguments.minutes
    for number, part in enumerate(parts):
        began = time.monotonic()
        share = WEIGHTS[part] / sum(WEIGHTS[each] for each in parts[number:])
        bench.until = began + share * (ends - began)
        MEASURERS[part](bench, arguments, results, work)
        tools = list(bench.peers) if part in ("operations", "bystanders", "real") else ["latwrap"]
        results.setdefault("measured", {})[f"{part} {tools}"] = {
            "part": part, "tools": tools, "commit": commit(), "seconds": time.monotonic() - began}
    results["goals"] = bench_goals.judge(results)


def write_document(path, results):
    """Replaces what stands between the markers"""
    text = Path(path).read_text()
    for markers, tables in ((SUMMARY, bench_tables.summary(results)), (TABLES, bench_tables.everything(results))):
        before, _, rest = text.partition(markers[0])
        _, _, after = rest.partition(markers[1])
        text = f"{before}{markers[0]}\n\n{tables}\n{markers[1]}{after}"
    Path(path).write_text(text)


def main():
    arguments = options()
    arguments.build = str(Path(arguments.build).resolve())
    check(arguments)
    wanted = arguments.tools.split(",") if arguments.parts else []
    if needs_namespace():
        enter_namespace()
    output = Path(arguments.output or Path(arguments.build) / "bench.json")
    results = json.loads(output.read_text()) if output.exists() and arguments.parts != DEFAULT_PARTS else {}
    # Not below a directory of another file system than the build's: its speed is measured, too.
    work = tempfile.mkdtemp(prefix="bench-", dir=arguments.build)
    try:
        compile_empty(work)
        starter = Starter(work, Path(arguments.build) / "latwrap")
        peers, rows = chosen_peers(starter, wanted)
        known = {row["name"]: row for row in results.get("peers", [])}
        results.update(schema_version=1, machine=machine(),
                       peers=list({**known, **{row["name"]: row for row in rows}}.values()))
        measure(Bench(starter, arguments.build, work, peers, say), arguments, results, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    output.write_text(json.dumps(results, indent=1) + "\n")
    if arguments.plots and results.get("scale"):
        Path(arguments.plots).mkdir(parents=True, exist_ok=True)
        for name, picture in bench_plot.figures(results["scale"], results.get("nested")).items():
            (Path(arguments.plots) / name).write_text(picture)
    if arguments.document:
        write_document(arguments.document, results)
    say("")
    print(bench_tables.everything(results))
    print(f"All of it: {output}")


if __name__ == "__main__":
    main()
