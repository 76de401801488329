"""Runs each fuzzer over its first inputs and MORE of its own, or for FUZZ_SECONDS

What makes one fail is shown, to be added to the seeds."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import seeds

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))
FUZZERS = sorted(path.stem.removeprefix("fuzz_") for path in Path(__file__).parent.glob("fuzz_*.c"))
SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))
MORE = 1000
HANG_S = 600
TAIL_BYTES = 6000


@pytest.fixture(scope="module")
def inputs(module_directory):
    seeds.make(BUILD, module_directory / "inputs")
    return module_directory / "inputs"


@pytest.mark.parametrize("name", FUZZERS)
def test_fuzz(name, inputs, directory):
    fuzzer = BUILD / "tests" / "fuzz" / f"fuzz_{name}"
    if not fuzzer.exists():
        pytest.skip("clang has no libFuzzer here (libclang-rt-dev)")
    corpus = directory / "corpus"
    shutil.copytree(inputs / name, corpus)
    dictionary = inputs / f"{name}.dict"
    given = len(list((inputs / name).iterdir()))
    how_long = f"-max_total_time={SECONDS}" if SECONDS else f"-runs={given + MORE}"
    # libFuzzer closes the target's standard error, where messages about each input would go, and keeps its own.
    done = subprocess.run(
        [fuzzer, corpus, how_long, "-close_fd_mask=3", "-max_len=20000", "-timeout=20", "-rss_limit_mb=1500",
         f"-artifact_prefix={directory}/", *([f"-dict={dictionary}"] if dictionary.exists() else [])],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=SECONDS * 3 + HANG_S, check=False,
        env={**os.environ, "ASAN_OPTIONS": "allocator_may_return_null=0:detect_leaks=1", "LC_ALL": "C"})
    found = [f"{path.name}: {path.read_bytes()[:2000]!r}" for path in directory.glob("*-*") if path.is_file()]
    assert done.returncode == 0 and not found, "\n".join([done.stderr[-TAIL_BYTES:], *found])
    runs = re.search(r"Done (\d+) runs", done.stderr)
    assert runs and int(runs[1]) >= given + (0 if SECONDS else MORE), done.stderr[-TAIL_BYTES:]
    print(f"\n{name}: {runs[1]} runs")
