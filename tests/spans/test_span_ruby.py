"""The real RSpec and minitest: each test is named, with its file, line and outcome; nothing else changes"""

import re

import pytest

from spantools import clean_environment, losses, outcomes, span, spans, tree

pytestmark = pytest.mark.needs("bpf")

SPEC = """
    require "socket"
    describe "suite" do
      it("passes") { }
      it("fails \\"quoted\\" ü 😀") { expect(1).to eq 2 }
      it("is skipped", skip: true) { }
      it("is pending") { pending "no reason"; raise "on purpose" }
      it("should have failed") { pending "no reason" }
      it "has everything replaced" do
        allow(Process).to receive(:clock_gettime).and_raise("no clock")
        allow(Process).to receive(:pid).and_return(1)
        allow(File).to receive(:readlink).and_raise("no links")
        allow(Socket).to receive(:new).and_raise("no sockets")
      end
      it("prints") { puts caller.length, ENV.keys.reject { |name| name =~ /^(LATWRAP_|MAVEN_OPTS$|PYTHONPATH$|_$|RUBYLIB$)/ }.sort.inspect, $LOAD_PATH.inspect }
      it("starts rspec") { expect(`cd inner && rspec 2>&1`).to include "1 failure" }
    end
    describe "broken" do
      before(:all) { raise "on purpose" }
      it("never runs") { }
    end
    describe "teardown" do
      after { raise "on purpose" }
      it("runs") { }
    end
"""
EXPECTED_SPEC = {"suite passes": "passed", 'suite fails "quoted" ü 😀': "failed", "suite is skipped": "skipped", "suite is pending": "skipped",
                 "suite should have failed": "failed", "suite has everything replaced": "passed", "suite prints": "passed",
                 "suite starts rspec": "passed", "broken never runs": "failed", "teardown runs": "failed"}

MINITEST = """
    require "minitest/autorun"
    class First < Minitest::Test
      parallelize_me!
      10.times { |number| define_method("test_parallel_#{number}") { sleep 0.01 } }
    end
    class Second < Minitest::Test
      def test_passes; end
      def test_fails; assert_equal 1, 2; end
      def test_breaks; raise "on purpose"; end
      def test_skips; skip; end
      def test_forks
        pid = fork { exit!(0) }
        Process.wait(pid)
      end
      def test_prints
        puts ENV.keys.reject { |name| name =~ /^(LATWRAP_|MAVEN_OPTS$|PYTHONPATH$|_$|SPEC_OPTS$)/ }.sort.inspect, $LOAD_PATH.inspect
      end
    end
    class Third < Minitest::Test
      def setup; raise "on purpose"; end
      def test_never; end
    end
"""
EXPECTED_MINITEST = {**{f"First#test_parallel_{number}": "passed" for number in range(10)},
                     "Second#test_passes": "passed", "Second#test_fails": "failed", "Second#test_breaks": "error", "Second#test_skips": "skipped",
                     "Second#test_forks": "passed", "Second#test_prints": "passed", "Third#test_never": "error"}


def masked(output):
    return re.sub(r"\d+\.\d+ ?(seconds|runs/s|assertions/s|s)\b|--seed \d+", "T", output)


def same(latwrap, children, argv, path):
    """Runs it bare and under latwrap: output and exit status are the same"""
    environment = clean_environment(SPEC_OPTS=None, RUBYLIB=None, RUBYOPT=None)
    bare = children.run(*argv, cwd=path, env=environment)
    run = latwrap("-q", "--", *argv, cwd=path, env=environment)
    assert run.status == bare.status, run.stdout + run.stderr
    assert masked(run.stdout) == masked(bare.stdout)
    assert masked(run.stderr) == masked(bare.stderr)
    assert not losses(run)
    return run


@pytest.mark.parametrize("argv", [["rspec", "--order=defined"], ["sh", "-c", "rspec --order=defined --format documentation"]], ids=["rspec", "shell"])
def test_rspec(latwrap, files, children, argv):
    path = files({"spec/a_spec.rb": SPEC, "spec/b_spec.rb": "it('another') { }\n", "inner/spec/inner_spec.rb": "it('inner') { fail }\n"})
    (path / "spec/b_spec.rb").write_text("describe('other') { it('another') { } }\n")
    (path / "inner/spec/inner_spec.rb").write_text("describe('inner') { it('fails') { raise 'on purpose' } }\n")
    run = same(latwrap, children, argv, path)
    assert outcomes(run) == {**EXPECTED_SPEC, "other another": "passed"}
    below = {name: [test for test, _ in tests] for name, tests in tree(run)}
    assert below == {"spec/a_spec.rb": list(EXPECTED_SPEC), "spec/b_spec.rb": ["other another"]}
    row = span(run, "suite passes")
    assert (row["runner"], row["file"], row["line"]) == ("rspec", str(path / "spec/a_spec.rb"), 4)


def test_rspec_options_of_the_caller(latwrap, files):
    """SPEC_OPTS of the caller still count, for RSpec and for what a test starts"""
    path = files({"spec/a_spec.rb": "describe('a') { it('is') { puts ENV['SPEC_OPTS'] } }\n"})
    run = latwrap("-q", "--", "rspec", cwd=path, env=clean_environment(SPEC_OPTS="--format documentation --no-color"))
    assert "a\n--format documentation --no-color\n  is\n" in run.stdout and outcomes(run) == {"a is": "passed"}, run.stdout


@pytest.mark.parametrize("argv", [["ruby", "test/a_test.rb", "--seed", "1"], ["rake", "-q", "test", "TESTOPTS=--seed=1"]], ids=["ruby", "rake"])
def test_minitest(latwrap, files, children, argv):
    path = files({"test/a_test.rb": MINITEST, "Rakefile": "require 'rake/testtask'\nRake::TestTask.new { |t| t.pattern = 'test/*_test.rb' }\n"})
    environment = clean_environment(SPEC_OPTS=None, RUBYLIB=None, RUBYOPT=None, N="3")
    bare = children.run(*argv, cwd=path, env=environment)
    run = latwrap("-q", "--", *argv, cwd=path, env=environment)
    assert run.status == bare.status != 0, run.stdout + run.stderr
    # Parallel tests, and so the dots, come in any order.
    printed = [sorted(re.sub(r"^[.EFS]+$", "", masked(done.stdout), flags=re.M).splitlines()) for done in (run, bare)]
    assert printed[0] == printed[1]
    assert outcomes(run) == EXPECTED_MINITEST
    row = span(run, "Second#test_fails")
    assert (row["runner"], row["file"], row["line"]) == ("minitest", str(path / "test/a_test.rb"), 9)
    assert len(spans(run)) == len(EXPECTED_MINITEST) and not losses(run)


def test_killed(latwrap, files):
    path = files({"spec/a_spec.rb": "describe('a') { it('is killed') { Process.kill(:KILL, $$) } }\n"})
    run = latwrap("-q", "--", "rspec", cwd=path, env=clean_environment())
    assert run.status == 137 and span(run, "a is killed")["outcome"] == "error"
