"""How the program is protected against its own bugs, read from what was built"""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build"))


PROGRAM = r"""
#include <stdio.h>
#include <string.h>
#ifdef WRITABLE_CODE
__asm__(".pushsection .both, \"awx\"\n.byte 0\n.popsection");
#endif
int main(int argc, char **argv)
{
	char text[8];
	strcpy(text, argv[argc - 1]);
	puts(text);
}
"""


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def weaknesses(path):
    """What this program lacks, in words"""
    header, segments, dynamic, symbols = (readelf(path, option) for option in ("-h", "-l", "-d", "--dyn-syms"))
    flags = {kind: flags for kind, flags in re.findall(r"^  (\w+) +0x.* ([R ][W ][E ]) +0x\w+$", segments, re.MULTILINE)}
    found = []
    if "DYN" not in re.search(r"Type: +(.*)", header)[1]:
        found.append("no PIE: at the same address in each run")
    if "GNU_RELRO" not in flags or not re.search(r"BIND_NOW|FLAGS.*NOW", dynamic):
        found.append("no full RELRO: the table of functions stays writable")
    if "E" in flags.get("GNU_STACK", "E"):
        found.append("executable stack")
    if re.search(r"^  LOAD .* RWE ", segments, re.MULTILINE):
        found.append("memory both writable and executable")
    if "TEXTREL" in dynamic:
        found.append("relocations in the code")
    if "RPATH" in dynamic or "RUNPATH" in dynamic:
        found.append("looks for libraries in a place of its own")
    if "__stack_chk_fail" not in symbols:
        found.append("no stack protector")
    if not re.search(r"__\w+_chk", symbols.replace("__stack_chk_fail", "")):
        found.append("no FORTIFY")
    return found


def test_latwrap():
    assert weaknesses(BUILD / "latwrap") == []


@pytest.mark.needs("compiler")
@pytest.mark.parametrize("flags, weakness", [
    (["-no-pie"], "no PIE"),
    (["-Wl,-z,lazy"], "no full RELRO"),
    (["-Wl,-z,norelro"], "no full RELRO"),
    (["-Wl,-z,execstack"], "executable stack"),
    (["-DWRITABLE_CODE"], "writable and executable"),
    (["-Wl,-rpath,/tmp"], "a place of its own"),
    (["-fno-stack-protector"], "no stack protector"),
    (["-U_FORTIFY_SOURCE"], "no FORTIFY"),
])
def test_weakness_is_found(directory, flags, weakness):
    source = directory / "program.c"
    source.write_text(PROGRAM)
    hard = ["-O2", "-w", "-fPIE", "-pie", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now"]
    program = directory / "program"
    for options, expected in ((hard, []), (hard + flags, [weakness])):
        subprocess.run(["cc", source, *options, "-o", program], check=True, stderr=subprocess.DEVNULL)
        found = weaknesses(program)
        assert len(found) >= len(expected) and all(any(text in one for one in found) for text in expected), found
        assert expected or not found


def test_no_path_of_this_machine():
    """A build elsewhere gives the same bytes: make test-packages builds twice, this finds the usual reason at once"""
    home = os.fsencode(ROOT) + b"/"
    for name in ("latwrap", "latwrap.bpf.o", "facts.bpf.o"):
        content = (BUILD / name).read_bytes()
        at = content.find(home)
        assert at < 0, content[at - 50:at + 150]
