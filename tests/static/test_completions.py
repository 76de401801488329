"""What bash, zsh and fish complete on latwrap's command line, against its tables of options"""

import os
import pty
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

import harness

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "ci/completions"
SUBCOMMANDS = re.findall(r"^ +latwrap ([a-z]+)", subprocess.run(
    [harness.LATWRAP, "--help"], capture_output=True, text=True, check=True).stdout, re.MULTILINE)

# Splits the line as readline does: "=" and ":" are words of their own.
BASH = r"""
source /usr/share/bash-completion/bash_completion
source "$1"
compopt() { :; }
read -ra COMP_WORDS < <(sed 's/[=:]/ & /g' <<<"$2")
[[ $2 != *' ' ]] || COMP_WORDS+=('')
COMP_LINE=$2 COMP_POINT=${#2} COMP_TYPE=9 COMP_KEY=9 COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
_latwrap
printf '%s\n' "${COMPREPLY[@]%=}"
"""


def run(*argv):
    """What a shell prints for a completion, without a home's settings; a complaint of the shell is a failure"""
    environment = {"PATH": f"{harness.BUILD}:{os.environ['PATH']}", "HOME": "/nonexistent", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment,
                          timeout=harness.HANG_S, cwd=ROOT)
    assert not done.stderr, done.stderr
    return done.stdout


def complete_in_bash(line):
    return run("bash", "--norc", "-c", BASH, "bash", FILES / "latwrap.bash", line).split()


def complete_in_fish(line):
    found = run("fish", "--no-config", "-c", 'source $argv[1]; complete -C $argv[2]', FILES / "latwrap.fish", line)
    return [line.split("\t")[0] for line in found.splitlines()]


# What is offered goes through compadd, which also says what of it fits (-O). It may already be asked just that.
ZSH = """
compadd() {
    local -a fitting words
    local word skip
    for word in "$@"; do
        if [[ $skip ]]; then skip=; elif [[ $word == -[ADO] ]]; then skip=yes; else words+=("$word"); fi
    done
    builtin compadd -O fitting "${words[@]}"
    print -rl -- "${fitting[@]}" >>$OFFERED
    builtin compadd "$@"
}
"""


def complete_in_zsh(line):
    """zsh completes only at a prompt, so it gets a terminal"""
    with tempfile.TemporaryDirectory() as home:
        Path(home, "setup").write_text(
            f"PS1='at the pro''mpt' LISTMAX=10000 fpath=({FILES} $fpath) OFFERED={home}/offered\n"
            f"autoload -Uz compinit; compinit -D -u\n{ZSH}\n")
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(TERM="dumb", PATH=f"{harness.BUILD}:{os.environ['PATH']}", LC_ALL="C.UTF-8", HOME=home)
            os.chdir(ROOT)
            os.execvp("zsh", ["zsh", "-f"])
        try:
            os.write(terminal, f"source {home}/setup\n".encode())
            # Not earlier: before it, the terminal itself would take the ^U for its own.
            read_until(terminal, "at the prompt")
            os.write(terminal, line.encode() + b"\t\x15print do''ne\n")
            read_until(terminal, "done")
            return Path(home, "offered").read_text().split("\n")
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)


def read_until(terminal, pattern):
    text = ""
    while not re.search(pattern, text):
        assert harness.ready(terminal), f"the shell says no more than {text!r}"
        text += os.read(terminal, 65536).decode(errors="replace").replace("\r", "")
    return text


SHELLS = [pytest.param(complete, marks=pytest.mark.needs(name), id=name) for name, complete in
          [("bash-completion", complete_in_bash), ("zsh", complete_in_zsh), ("fish", complete_in_fish)]]


def listed_options(*subcommand):
    text = subprocess.run([harness.LATWRAP, *subcommand, "--help"], capture_output=True, text=True, check=True).stdout
    lines = re.findall(r"^  +(-.*?)(?:  .*)?$", text, re.MULTILINE)
    return {option for line in lines for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", line)}


@pytest.mark.parametrize("subcommand", [[], *([name] for name in SUBCOMMANDS)], ids=lambda words: "".join(words) or "run")
@pytest.mark.parametrize("complete", SHELLS)
def test_no_option_is_forgotten(complete, subcommand):
    expected = listed_options(*subcommand)
    assert expected
    found = {word.rstrip("=") for word in complete(" ".join(["latwrap", *subcommand, "--"])) if word.startswith("--")}
    assert found - {"--"} == expected


@pytest.mark.parametrize("words, expected", [
    ([], "command 1"),
    ([""], "command 1"),
    (["mak"], "command 1"),
    (["--nonsense", ""], "command 2"),
    (["make", "--"], "command 1"),
    (["run", "-q", "--cpu", "on", "--", "make", "-"], "command 6"),
    (["-o", ""], "files"),
    (["-qo", ""], "files"),
    (["--output=x"], "files"),
    (["--user="], "users"),
    (["--timeout="], "words"),
    (["--nonsense="], "words"),
    (["report", ""], "files"),
    (["report", "--", "--f"], "files"),
    (["doctor", ""], "words"),
    (["span", ""], "words"),
    (["span", "--group", "name", ""], "command 4"),
    (["span", "name", "--", "make", ""], "command 4"),
])
def test_what_latwrap_tells_the_shells(words, expected):
    done = subprocess.run([harness.LATWRAP, "--complete", *words], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == expected and not done.stderr


def test_words_have_their_help():
    done = subprocess.run([harness.LATWRAP, "--complete", "report", "x", "--format="], capture_output=True, text=True, check=True)
    assert "\nhtml\tone page" in done.stdout
    done = subprocess.run([harness.LATWRAP, "--complete", "report", "x", "--f"], capture_output=True, text=True, check=True)
    assert "\n-f\t" in done.stdout and "\n--format=\t" in done.stdout and "\n--help\t" in done.stdout


@pytest.mark.parametrize("complete", SHELLS)
@pytest.mark.parametrize("line, expected", [
    ("latwrap --color=", {"auto", "always", "never"}),
    ("latwrap -q --leftovers=", {"leave", "kill", "wait"}),
    ("latwrap report -f ", {"text", "csv", "html"}),
    ("latwrap docto", {"doctor"}),
    ("latwrap --user=roo", {"root"}),
    ("latwrap --output=READM", {"README.md"}),
    ("latwrap -q -o x --cpu=on -- taskse", {"taskset"}),
    ("latwrap report READM", {"README.md"}),
    ("latwrap span --skip-code=3 name taskse", {"taskset"}),
])
def test_values_and_commands(complete, line, expected):
    found = {word.split("=")[-1].strip() for word in complete(line)}
    assert expected <= found
