"""Tests that replace the clock, the environment, the output, process.exit and signal handlers, or fork: no span is lost, and no test breaks"""

import shutil

import pytest

import npmtools
from harness import BUILD, ROOT
from spantools import PYTHON, clean_environment, losses, need_node, outcomes, span

pytestmark = [pytest.mark.needs("bpf"), pytest.mark.slow]

# What the first test of each file does. It puts nothing back: the second test runs with all of it.
PYTHON_FAKES = """
import builtins, gc, os, signal, socket, subprocess, sys, threading, time

def fake_all():
    for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "clock_gettime", "clock_gettime_ns"):
        setattr(time, name, lambda *words: 0)
    os.environ.clear()
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    for name in ("getpid", "fstat", "getcwd", "fork", "_exit", "write"):
        setattr(os, name, None)
    socket.socket = threading.get_native_id = threading.Lock = subprocess.Popen = None
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM):
        signal.signal(number, lambda *words: None)
        signal.pthread_kill(threading.main_thread().ident, number)
    gc.disable()
"""
JS_FAKES = """
function fake_all() {
    process.hrtime = () => [0, 0];
    process.hrtime.bigint = () => 0n;
    Object.defineProperty(performance, 'now', { value: () => 0, configurable: true, writable: true }); // Node.js 18: read-only
    globalThis.Date = class { getTime() { return 0; } static now() { return 0; } };
    for (const name of Object.keys(process.env))
        delete process.env[name];
    process.env = {};
    process.cwd = () => '/';
    JSON.stringify = () => '';
    Object.assign = () => ({});
    for (const name of ['spawn', 'spawnSync', 'fork', 'execFile', 'exec'])
        require('child_process')[name] = () => { throw new Error('fake'); };
}
"""
# Where this is the runner's own process, and the runner bears it
JS_MORE_FAKES = JS_FAKES + """
function fake_more() {
    for (const name of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) {
        process.on(name, () => {});
        process.kill(process.pid, name);
    }
    process.nextTick = globalThis.queueMicrotask = () => {};
    process.exit = () => {};
    for (const [module, names] of [['path', ['relative', 'join']], ['fs', ['readlinkSync', 'statSync', 'readFileSync', 'writeSync', 'write']]])
        for (const name of names)
            require(module)[name] = () => { throw new Error('fake'); };
    fake_all();
}
"""
RUBY_FAKES = """
require "socket"
def fake_all
  %i[clock_gettime pid].each { |name| Process.define_singleton_method(name) { |*| 0 } }
  Time.define_singleton_method(:now) { at(0) }
  Process.wait(fork { exit!(0) })
  ENV.clear
  File.define_singleton_method(:readlink) { |*| raise "fake" }
  Socket.define_singleton_method(:new) { |*| raise "fake" }
  ObjectSpace.each_object(BasicSocket) { |one| one.close unless one.closed? }
  %w[TERM USR1].each { |name| trap(name) { }; Process.kill(name, $$) }
  Kernel.define_method(:exit) { |*| }
end
"""
PHP_FAKES = """<?php
namespace Example;
function time() { return 0; }
function hrtime() { return 0; }
function fake_all() {
    foreach (array_keys(getenv()) as $name) {
        putenv($name);
    }
    $_SERVER = $_ENV = [];
    foreach (get_resources('stream') as $stream) {
        if (($stream != STDOUT) && stream_get_meta_data($stream)['stream_type'] === 'generic_socket' || strpos(stream_get_meta_data($stream)['stream_type'], 'udg') !== false) {
            fclose($stream);
        }
    }
    if (!pcntl_fork()) {
        posix_kill(posix_getpid(), SIGKILL);
    }
    pcntl_wait($status);
    pcntl_signal(SIGTERM, function () {});
    posix_kill(posix_getpid(), SIGTERM);
    set_error_handler(function () { throw new \\Exception('seen'); });
    chdir('/');
}
class ATest extends \\PHPUnit\\Framework\\TestCase {
    function testFirst() { fake_all(); restore_error_handler(); $this->assertTrue(true); }
    function testSecond() { $this->assertTrue(true); }
}
"""
BATS = """#!/usr/bin/env bats
@test "first" {
    for name in $(compgen -e); do [[ $name == BATS* || $name == PATH || $name == TMPDIR ]] || unset "$name"; done
    for name in $(compgen -v); do [[ $name == [[:upper:]_]* || $name == bats* ]] || unset "$name" 2>/dev/null || :; done
    trap : TERM USR1
    trap - DEBUG
    alias latwrap=false
    date() { echo 0; }; declare() { :; }; export() { :; }
    kill -TERM $BASHPID
    cd /
    exec </dev/null >/dev/null 2>&1
}
@test "second" { :; }
"""
GO = """package fakes
import ("os"; "os/exec"; "os/signal"; "syscall"; "testing"; "time")
func TestFirst(t *testing.T) {
	exec.Command("true").Run()
	os.Clearenv()
	os.Chdir("/")
	signal.Ignore(syscall.SIGTERM, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGTERM)
	time.Local = time.FixedZone("nowhere", 1)
	null, _ := os.Open("/dev/null")
	os.Stdin, os.Stdout, os.Stderr, os.Args = null, null, null, nil
}
func TestSecond(t *testing.T) {}
"""
RUST = """
extern "C" { fn fork() -> i32; fn _exit(status: i32) -> !; fn wait(status: *mut i32) -> i32; fn signal(number: i32, action: usize) -> usize; fn raise(number: i32) -> i32; }
#[test] fn a_first() {
    std::env::set_current_dir("/").unwrap();
    for (name, _) in std::env::vars_os() { std::env::remove_var(name); }
    std::panic::set_hook(Box::new(|_| {}));
    println!("test b_second ... FAILED");
    unsafe {
        signal(15, 1);
        raise(15);
        if fork() == 0 { _exit(0); }
        wait(std::ptr::null_mut());
    }
}
#[test] fn b_second() {}
"""
PERL = """
BEGIN { *CORE::GLOBAL::time = sub { 0 }; *CORE::GLOBAL::exit = sub { }; }
use POSIX ();
use Test::More tests => 2;
%ENV = ();
chdir "/";
$SIG{$_} = "IGNORE" for qw(TERM USR1 ALRM);
kill TERM => $$;
is(time, 0);
POSIX::_exit(0) if !fork;
wait;
open STDIN, "<", "/dev/null";
ok(1);
END { POSIX::_exit(0) }
"""
SHELL = f"""
PATH={BUILD}:$PATH
. {ROOT}/wrappers/shell/latwrap.sh
first() {{
    for name in $(env | sed -n 's/^\\([A-Za-z_0-9]*\\)=.*/\\1/p'); do unset "$name"; done
    trap : EXIT TERM
    date() {{ echo 0; }}
    kill -TERM $$
    cd /
    exec </dev/null >/dev/null 2>&1
}}
latwrap_span first first
latwrap_span second true
"""
FAKES = {
    "pytest": ([PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "-q"],
               {"test_a.py": PYTHON_FAKES + "def test_first(): fake_all()\ndef test_second(): pass\n"}, ("test_a.py::test_first", "test_a.py::test_second")),
    "unittest": ([PYTHON, "-m", "unittest"], {"test_a.py": PYTHON_FAKES + "import unittest\nclass A(unittest.TestCase):\n"
                                              "    def test_first(self): fake_all()\n    def test_second(self): pass\n"},
                 ("test_a.A.test_first", "test_a.A.test_second")),
    "mocha": (["npx", "mocha"], {"a.test.js": JS_MORE_FAKES + "it('first', fake_more); it('second', () => {});\n", ".mocharc.json": '{"spec": "*.test.js"}'}, ("first", "second")),
    "jest": (["npx", "jest", "--ci"], {"a.test.js": JS_FAKES + "it('first', () => { jest.useFakeTimers(); fake_all(); }); it('second', () => {});\n"},
             ("first", "second")),
    "vitest": (["npx", "vitest", "run"], {"a.test.mjs": "import { it, vi } from 'vitest';\nimport { createRequire } from 'module';\n"
                                          "const require = createRequire(import.meta.url);\n" + JS_FAKES +
                                          "it('first', () => { vi.useFakeTimers(); fake_all(); }); it('second', () => {});\n"}, ("first", "second")),
    "playwright": (["npx", "playwright", "test"], {"a.spec.js": JS_FAKES + "const { test } = require('@playwright/test');\ntest('first', fake_all); test('second', () => {});\n",
                                                   "playwright.config.js": "module.exports = {};"}, ("first", "second")),
    "ava": (["npx", "ava"], {"a.test.js": JS_FAKES + "const test = require('ava');\ntest.serial('first', (t) => { t.pass(); fake_all(); }); test.serial('second', (t) => t.pass());\n"},
            ("first", "second")),
    "node": (["node", "--test"], {"a.test.js": JS_FAKES + "const { test, mock } = require('node:test');\ntest('first', () => { mock.timers.enable(); fake_all(); }); test('second', () => {});\n"},
             ("first", "second")),
    "rspec": (["rspec", "--order=defined"], {"spec/a_spec.rb": RUBY_FAKES + "describe('a') { it('first') { fake_all }; it('second') { } }\n"}, ("a first", "a second")),
    "minitest": (["ruby", "a.rb", "--seed", "1"], {"a.rb": "require 'minitest/autorun'\n" + RUBY_FAKES +
                                    "class A < Minitest::Test\n def self.runnable_methods = %w[test_first test_second]\n def test_first = fake_all\n def test_second = nil\nend\n"},
                 ("A#test_first", "A#test_second")),
    "phpunit": (["phpunit", "."], {"ATest.php": PHP_FAKES}, ("Example\\ATest::testFirst", "Example\\ATest::testSecond")),
    "bats": (["bats", "a.bats"], {"a.bats": BATS}, ("first", "second")),
    "shell": (["sh", "a.sh"], {"a.sh": SHELL}, ("first", "second")),
    "go": (["go", "test", "-v"], {"go.mod": "module fakes\n\ngo 1.18\n", "a_test.go": GO}, ("fakes.TestFirst", "fakes.TestSecond")),
    "cargo": (["cargo", "test", "--test=fakes", "--", "--test-threads=1"],
              {"Cargo.toml": '[package]\nname = "my-crate"\nversion = "0.1.0"\nedition = "2018"\n', "src/lib.rs": "", "tests/fakes.rs": RUST},
              ("fakes::a_first", "fakes::b_second")),
    "prove": (["prove", "a.t", "b.t"], {"a.t": PERL, "b.t": "print qq(1..1\\nok 1\\n)"}, ("a.t", "b.t")),
}
PROGRAMS = {"mocha": "npx", "jest": "npx", "vitest": "npx", "playwright": "npx", "ava": "npx", "rspec": "rspec", "minitest": "ruby", "phpunit": "phpunit", "bats": "bats", "go": "go",
            "cargo": "cargo"}
GROUPS = {"go": {"fakes": "passed"}, "cargo": {"fakes": "passed"}}  # with an outcome of their own


@pytest.mark.parametrize("runner", FAKES)
def test_fakes(latwrap, files, monkeypatch, runner):
    argv, content, names = FAKES[runner]
    if not shutil.which(PROGRAMS.get(runner, "sh")):
        pytest.skip(f"{PROGRAMS[runner]} is not installed")
    if runner == "node":
        need_node(monkeypatch)
    path = files({"package.json": '{"private": true}', **content})
    if PROGRAMS.get(runner) == "npx":
        (path / "node_modules").symlink_to(npmtools.node_modules(ROOT / "tests/spans/npm"))
    environment = clean_environment(CI="true", NO_COLOR="1", PYTHONDONTWRITEBYTECODE="1", GOCACHE=str(path / "cache"), GOFLAGS=None, GOPROXY="off",
                                    CARGO_NET_OFFLINE="true")
    run = latwrap("-q", "--", *argv, cwd=path, env=environment)
    assert run.status == 0, run.stdout + run.stderr
    first, second = (span(run, name) for name in names)
    assert outcomes(run) == {**dict.fromkeys(names, "passed"), **GROUPS.get(runner, {})}
    # What cargo's program prints may be read at once.
    assert first["start_ns"] + (runner != "cargo") <= first["end_ns"] <= second["start_ns"] <= second["end_ns"]
    assert not losses(run)
