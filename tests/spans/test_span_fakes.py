"""Tests that replace the clock, the environment, the output, process.exit and signal handlers, or fork: no span is lost, and no test breaks"""

import shutil

import pytest

import npmtools
from harness import ROOT
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
    unset LATWRAP_SOCKET EPOCHREALTIME SECONDS
    trap : TERM USR1
    date() { echo 0; }; declare() { :; }; export() { :; }
    kill -TERM $BASHPID
    cd /
    exec </dev/null
}
@test "second" { :; }
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
}
PROGRAMS = {"mocha": "npx", "jest": "npx", "vitest": "npx", "playwright": "npx", "ava": "npx", "rspec": "rspec", "minitest": "ruby", "phpunit": "phpunit", "bats": "bats"}


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
    environment = clean_environment(CI="true", NO_COLOR="1", PYTHONDONTWRITEBYTECODE="1")
    run = latwrap("-q", "--", *argv, cwd=path, env=environment)
    assert run.status == 0, run.stdout + run.stderr
    first, second = (span(run, name) for name in names)
    assert outcomes(run) == dict.fromkeys(names, "passed")
    assert first["start_ns"] < first["end_ns"] <= second["start_ns"] <= second["end_ns"]
    assert not losses(run)
