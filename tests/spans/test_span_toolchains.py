"""go test, cargo test, nextest's contract, node:test and JUnit 5: the real ones, each stall named with its test"""

import functools
import os
import re
import shutil
import subprocess
import textwrap

import pytest

import harness
from spantools import losses, need_node, span, spans, tree, was_held_up

pytestmark = pytest.mark.needs("bpf", "fuse")

VARIABLES = ("PYTEST_CURRENT_TEST", "NEXTEST_TEST_NAME", "NODE_OPTIONS", "NODE_TEST_CONTEXT", "GOFLAGS", "RUST_TEST_THREADS")


def environment(**changes):
    return harness.environment(**{**dict.fromkeys(VARIABLES), **changes})


@functools.lru_cache
def find(program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    return shutil.which(program)


@pytest.fixture
def slow(slowfs):
    """A directory in which opening 0, 1, 2 ... takes 60 ms"""
    mounted = slowfs(*(f"open:/{n}=60ms" for n in range(8)))
    for n in range(8):
        (mounted.source / str(n)).touch()
    return mounted.mount


def owners(run, slow):
    """Which span has the stall at each of the slow files"""
    rows = [row for row in run.stalls("io") if (row["path"] or "").startswith(f"{slow}/") and row["operation"].startswith("open")]
    return {row["path"].split("/")[-1]: row["span"] for row in rows}


def outcomes(run, runner):
    return {row["name"]: row["outcome"] for row in spans(run) if row["runner"] == runner and row["outcome"]}


def without_times(text):
    return re.sub(r"\d+(\.\d+)?(s|ms|µs)?\b", "N", text)


def write(directory, files):
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(textwrap.dedent(text))


# -- Go ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def go_cache(module_directory):
    return {"GOCACHE": str(module_directory / "gocache"), "GOPATH": str(module_directory / "gopath"), "GOPROXY": "off",
            "GOFLAGS": None, "HOME": str(module_directory)}


@pytest.fixture
def go(directory, slow, go_cache):
    find("go")
    common = f"""
        func slow(t *testing.T, n string) {{
            f, err := os.Open("{slow}/" + n)
            if err != nil {{ t.Fatal(err) }}
            f.Close()
        }}
    """
    write(directory, {
        "go.mod": "module example.com/m\n\ngo 1.18\n",
        "a/a_test.go": """
            package a
            import ("fmt"; "os"; "testing")
            func TestQuick(t *testing.T) { fmt.Println("hello"); fmt.Fprintln(os.Stderr, "you") }
            func TestSlow(t *testing.T) { slow(t, "0"); t.Error("no") }
            func TestSub(t *testing.T) {
                t.Run("one", func(t *testing.T) { slow(t, "1") })
                t.Run("two/x", func(t *testing.T) { t.Skip() })
            }
            func TestWaits(t *testing.T) { t.Parallel(); slow(t, "2") }
            func TestAlone(t *testing.T) { slow(t, "3"); t.Error("no") }
            """ + common,
        "b/b_test.go": """
            package b
            import ("os"; "testing")
            func TestOther(t *testing.T) { slow(t, "4") }
            """ + common,
    })
    return directory


GO_TESTS = {"example.com/m/a": "failed", "example.com/m/a.TestQuick": "passed", "example.com/m/a.TestSlow": "failed",
            "example.com/m/a.TestSub": "passed", "example.com/m/a.TestSub/one": "passed", "example.com/m/a.TestSub/two/x": "skipped",
            "example.com/m/a.TestWaits": "passed", "example.com/m/a.TestAlone": "failed", "example.com/m/b": "passed",
            "example.com/m/b.TestOther": "passed"}
GO_OWNERS = {"0": "example.com/m/a.TestSlow", "1": "example.com/m/a.TestSub/one", "2": "example.com/m/a.TestWaits",
             "3": "example.com/m/a.TestAlone", "4": "example.com/m/b.TestOther"}


def test_go(latwrap, go, slow, go_cache, children):
    """Packages at the same time, tests one after the other; the output is what it would be"""
    env = environment(**go_cache)
    bare = children.run("go", "test", "-count=1", "-v", "-p=1", "./...", cwd=go, env=env)
    run = latwrap("-q", "--", "go", "test", "-count=1", "-v", "-p=1", "./...", cwd=go, env=env)
    assert run.status == bare.status == 1
    assert without_times(run.stdout) == without_times(bare.stdout) and run.stderr == bare.stderr
    run = latwrap("--", "go", "test", "-count=1", "-json", "-p=4", "./...", cwd=go, env=env)
    assert outcomes(run, "go") == GO_TESTS
    assert owners(run, slow) == GO_OWNERS
    a = dict(tree(run))["example.com/m/a"]
    assert dict(a)["example.com/m/a.TestSub"] == [("example.com/m/a.TestSub/one", []), ("example.com/m/a.TestSub/two/x", [])]
    assert was_held_up(span(run, "example.com/m/a.TestAlone"))
    assert not losses(run)
    # What waits for its turn has nothing to do with what others do meanwhile.
    slow_rows = [row for row in run.stalls("io") if (row["path"] or "").startswith(f"{slow}/")]
    assert len([row for row in slow_rows if row["span"] == "example.com/m/a.TestWaits" and row["operation"].startswith("open")]) == 1


def test_go_parallel_below_parallel(latwrap, directory, go_cache):
    """More threads than CPUs, and tests that wait for their turn below tests that do: it once never ended"""
    find("go")
    write(directory, {
        "go.mod": "module example.com/par\n\ngo 1.18\n",
        "par_test.go": """
            package par
            import ("runtime"; "sync"; "testing"; "time")
            func busy(d time.Duration) {
                var all sync.WaitGroup
                runtime.GOMAXPROCS(8)
                for i := 0; i < 8; i++ {
                    all.Add(1)
                    go func() { defer all.Done(); for t := time.Now(); time.Since(t) < d; {} }()
                }
                all.Wait()
            }
            func TestA(t *testing.T) {
                t.Parallel()
                t.Run("1", func(t *testing.T) {
                    time.Sleep(50 * time.Millisecond)
                    t.Parallel()
                    time.Sleep(100 * time.Millisecond)
                })
            }
            func TestB(t *testing.T) {
                t.Parallel()
                time.Sleep(20 * time.Millisecond)
                t.Run("1", func(t *testing.T) { time.Sleep(200 * time.Millisecond); busy(600 * time.Millisecond) })
            }
            """,
    })
    run = latwrap("--threshold=100us", "--timeout=300s", "--", "go", "test", "-count=1", "-v", "./...", cwd=directory,
                  env=environment(**go_cache))
    assert run.status == 0, run.stderr
    assert outcomes(run, "go") == {f"example.com/par{name}": "passed" for name in ("", ".TestA", ".TestA/1", ".TestB", ".TestB/1")}


@pytest.mark.parametrize("flag", ["-v", "-json"])
def test_go_tests_that_print(latwrap, go, slow, go_cache, flag):
    """Without a newline, and what looks like the program's own: each test keeps its stall, and how it ended"""
    write(go, {"c/c_test.go": f"""
        package c
        import ("fmt"; "os"; "os/exec"; "testing")
        func read(t *testing.T, n string) {{ f, err := os.Open("{slow}/" + n); if err != nil {{ t.Fatal(err) }}; f.Close() }}
        func TestA(t *testing.T) {{ fmt.Print("x") }}
        func TestB(t *testing.T) {{ read(t, "0"); t.Error("no") }}
        func TestC(t *testing.T) {{
            if os.Getenv("INNER") != "" {{ t.Fatal("inner") }}
            inner := exec.Command(os.Args[0], "-test.run=TestC")
            inner.Env = append(os.Environ(), "INNER=1")
            inner.Stdout = os.Stdout
            inner.Run()
            read(t, "1")
        }}
        func TestD(t *testing.T) {{
            fmt.Println("=== RUN   TestOfAnother\\n--- FAIL: TestOfAnother (0.00s)")
            t.Run("e", func(t *testing.T) {{ fmt.Print("--- "); read(t, "2") }})
        }}
        """})
    run = latwrap("--", "go", "test", "-count=1", flag, "./c", cwd=go, env=environment(**go_cache))
    names = {name.split("/c")[-1]: outcome for name, outcome in outcomes(run, "go").items()}
    assert names == {"": "failed", ".TestA": "passed", ".TestB": "failed", ".TestC": "passed", ".TestD": "passed", ".TestD/e": "passed"}
    assert {n: name.split("/c")[-1] for n, name in owners(run, slow).items()} == {"0": ".TestB", "1": ".TestC", "2": ".TestD/e"}
    assert was_held_up(span(run, "example.com/m/c.TestB"))


def test_go_packages_only(latwrap, go, slow, go_cache):
    """Without -v, or with a program in between: the package"""
    env = environment(**go_cache)
    run = latwrap("--", "sh", "-c", "go test ./... -p=4", cwd=go, env=env)
    assert outcomes(run, "go") == {"example.com/m/a": "failed", "example.com/m/b": "passed"}
    assert owners(run, slow)["4"] == "example.com/m/b"
    # -exec is the user's own: the test's program is known by its arguments.
    run = latwrap("--", "go", "test", "-count=1", "-exec=env", "./b", cwd=go, env=env)
    assert outcomes(run, "go") == {"b": "passed"} and owners(run, slow) == {"4": "b"}
    run = latwrap("--", shutil.which("go"), "test", "-count=1", "./b", cwd=go, env=env)
    assert outcomes(run, "go") == {"b": "passed"}


def test_go_leaves_all_else_alone(latwrap, go, go_cache):
    env = environment(**go_cache)
    for arguments in (["version"], ["env", "GOFLAGS"], ["test"], ["vet", "./a"], ["test", "-run=TestQuick", "-v", "./a"]):
        run = latwrap("-q", "--", "go", *arguments, cwd=go, env=env)
        bare = subprocess.run(["go", *arguments], cwd=go, env=env, capture_output=True, text=True, check=False)
        assert (run.status, without_times(run.stdout), without_times(run.stderr)) == \
            (bare.returncode, without_times(bare.stdout), without_times(bare.stderr)), arguments


# -- Rust --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cargo_target(module_directory):
    return str(module_directory / "target")


@pytest.fixture
def cargo(directory, slow, cargo_target):
    find("cargo")
    write(directory, {
        "Cargo.toml": '[package]\nname = "my-crate"\nversion = "0.1.0"\nedition = "2018"\n[lib]\ndoctest = false\n',
        "src/lib.rs": """
            #[cfg(test)]
            mod tests {
                fn slow(n: &str) { std::fs::File::open(std::env::var("SLOW").unwrap() + "/" + n).unwrap(); }
                #[test] fn a_slow() { slow("0"); panic!("no"); }
                #[test] fn b_quick() {}
                #[test] #[ignore] fn c_ignored() {}
                #[test] #[should_panic] fn d_panics() { slow("1"); panic!(); }
            }
            """})
    return directory, environment(SLOW=str(slow), CARGO_TARGET_DIR=cargo_target, CARGO_NET_OFFLINE="true")


def test_cargo(latwrap, cargo, slow, children):
    path, env = cargo
    run = latwrap("--", "cargo", "test", cwd=path, env=env)
    assert run.status == 101, run.stderr
    assert outcomes(run, "cargo") == {"my_crate": "failed"}
    assert owners(run, slow) == {"0": "my_crate", "1": "my_crate"}
    arguments = ["cargo", "test", "--", "--test-threads=1"]
    bare = children.run(*arguments, cwd=path, env=env)
    run = latwrap("-q", "--", *arguments, cwd=path, env=env)
    assert without_times(run.stdout) == without_times(bare.stdout) and without_times(run.stderr) == without_times(bare.stderr)
    assert outcomes(run, "cargo") == {
        "my_crate": "failed", "my_crate::tests::a_slow": "failed", "my_crate::tests::b_quick": "passed",
        "my_crate::tests::c_ignored": "skipped", "my_crate::tests::d_panics": "passed"}
    assert owners(run, slow) == {"0": "my_crate::tests::a_slow", "1": "my_crate::tests::d_panics"}
    assert was_held_up(span(run, "my_crate::tests::a_slow"))
    assert not losses(run)


def test_cargo_tests_that_print(latwrap, cargo, slow):
    """With --nocapture before the outcome, and lines like the program's own"""
    path, env = cargo
    write(path, {"tests/prints.rs": """
        fn slow(n: &str) { std::fs::File::open(std::env::var("SLOW").unwrap() + "/" + n).unwrap(); }
        #[test] fn a() { print!("x"); }
        #[test] fn b() { println!("ok"); slow("0"); panic!("no"); }
        #[test] fn c() { println!("\\ntest ui/a ... ok\\ntest ui/b ... FAILED"); slow("1"); print!("y"); }
        """})
    run = latwrap("--", "cargo", "test", "--test", "prints", "--", "--nocapture", "--test-threads=1", cwd=path, env=env)
    assert outcomes(run, "cargo") == {"prints": "failed", "prints::a": "passed", "prints::b": "failed", "prints::c": "passed"}, run.stdout
    assert owners(run, slow) == {"0": "prints::b", "1": "prints::c"}
    assert was_held_up(span(run, "prints::b"))


def test_cargo_with_a_runner_of_its_own(latwrap, cargo, slow):
    """It stays the only one; the program is known by its path"""
    path, env = cargo
    write(path, {".cargo/config.toml": "[target.'cfg(unix)']\nrunner = \"env RUNNER=mine\"\n"})
    run = latwrap("--", "cargo", "test", cwd=path, env=env)
    assert outcomes(run, "cargo") == {"my_crate": "failed"}
    assert [row["file"] for row in spans(run)] == [None]
    assert owners(run, slow) == {"0": "my_crate", "1": "my_crate"}


def test_cargo_run(latwrap, cargo):
    """Its words, and those behind --, are the program's: nothing of it is a test, also where tests start it"""
    path, env = cargo
    write(path, {"src/bin/app.rs": "fn main() { std::process::exit(7); }\n"})
    run = latwrap("--", "cargo", "run", "--bin", "app", "--", "test", "x", cwd=path, env=env)
    assert run.status == 7 and spans(run) == []
    write(path, {"tests/starts.rs": """
        #[test] fn starts() {
            let status = std::process::Command::new(env!("CARGO")).args(["run", "--bin", "app"]).status().unwrap();
            assert_eq!(status.code(), Some(7));
        }
        """})
    run = latwrap("--", "cargo", "--color", "never", "test", "--test", "starts", cwd=path, env=env)
    assert run.status == 0 and outcomes(run, "cargo") == {"starts": "passed"}


def test_nextest_contract(latwrap, cargo, slow):
    """
    nextest is not packaged. What it documents: it lists by way of the runner, and then starts it once for each test, with the
    test's name as the only one and in the environment, many at a time.
    """
    path, env = cargo
    subprocess.run(["cargo", "test", "--no-run"], cwd=path, env=env, check=True, capture_output=True)
    program, = [entry for entry in os.scandir(f"{env['CARGO_TARGET_DIR']}/debug/deps")
                if re.fullmatch("my_crate-[0-9a-f]{16}", entry.name) and os.access(entry, os.X_OK)]
    write(path, {"cargo-nextest": f"""\
        #!/bin/sh
        runner=$(env | sed -n 's/^CARGO_TARGET_.*_GNU_RUNNER=//p')
        $runner {program.path} --list --format terse >/dev/null
        export NEXTEST=1 NEXTEST_BINARY_ID=my-crate NEXTEST_RUN_ID=x
        for test in tests::a_slow tests::b_quick tests::d_panics; do
            NEXTEST_TEST_NAME=$test $runner {program.path} --exact $test --nocapture &
        done
        wait
        """})
    (path / "cargo-nextest").chmod(0o755)
    run = latwrap("--", "cargo", "nextest", "run", cwd=path, env={**env, "PATH": f"{path}:{env.get('PATH', os.defpath)}"})
    assert run.status == 0, run.stderr
    assert outcomes(run, "nextest") == {"my-crate::tests::a_slow": "failed", "my-crate::tests::b_quick": "passed",
                                        "my-crate::tests::d_panics": "passed"}
    assert owners(run, slow) == {"0": "my-crate::tests::a_slow", "1": "my-crate::tests::d_panics"}
    assert len(spans(run)) == 3


# -- node:test ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def node(directory, slow, monkeypatch):
    need_node(monkeypatch)
    for number in range(4):
        write(directory, {f"{number}.test.js": f"""
            const {{ test, describe, it }} = require('node:test');
            const {{ openSync }} = require('fs');
            test('quick', () => {{}});
            test('slow', () => {{ openSync('{slow}/{number}'); throw new Error('no'); }});
            describe('suite', () => {{ it('works', async (t) => {{ await t.test('inner', () => {{}}); }}); it.skip('never', () => {{}}); }});
            """})
    return directory


def test_node(latwrap, node, slow, children):
    """Each file is a process of its own, all at a time"""
    arguments = ["--test", "--test-concurrency=4", "--test-reporter=tap"]
    files = [f"{n}.test.js" for n in range(4)]
    run = latwrap("-q", "--", "node", *arguments, *files, cwd=node, env=environment())
    assert run.status == 1, run.stderr
    assert owners(run, slow) == {str(n): "slow" for n in range(4)}
    by_id = {row["id"]: row for row in spans(run)}
    for row in run.stalls("io"):
        if (row["path"] or "").startswith(f"{slow}/"):
            assert by_id[row["span_id"]]["file"] == str(node / f"{row['path'].split('/')[-1]}.test.js")
    found = dict(tree(run))
    assert sorted(found) == files
    for file in files:
        assert sorted(found[file]) == [("quick", []), ("slow", []), ("suite > works", [("suite > works > inner", [])])]
    assert all(was_held_up(row) for row in spans(run, "slow"))
    assert not losses(run)
    bare = children.run("node", *arguments, *files, cwd=node, env=environment())

    def results(text):
        return sorted(re.findall(r"^ *(?:ok|not ok) \d+ - .*", text, re.MULTILINE))

    assert results(run.stdout) == results(bare.stdout)


@pytest.mark.parametrize("options", [["--import", "./hook.mjs", "--test"], ["-r", "./hook.cjs", "--no-warnings", "--test"],
                                     ["--import=./hook.mjs", "--test_timeout", "100000", "--test"]])
def test_node_options_before_test(latwrap, node, options):
    """Also with their values in words of their own"""
    write(node, {"hook.mjs": "", "hook.cjs": "", "a.test.js": """
        const assert = require('assert');
        require('node:test').test('one', () => assert.strictEqual(process.env.NODE_OPTIONS, undefined));
        """})
    run = latwrap("-q", "--", "node", *options, "a.test.js", cwd=node, env=environment())
    assert (run.status, span(run, "one")["outcome"]) == (0, "passed"), run.stdout


def test_node_otherwise(latwrap, node):
    """Other programs of node, and files whose tests crash"""
    write(node, {"other.js": "console.log(process.env.NODE_OPTIONS, process.argv.length)"})
    run = latwrap("-q", "--", "node", "other.js", "--test", cwd=node, env=environment())
    assert (run.status, run.stdout) == (0, "undefined 3\n") and spans(run) == []
    write(node, {"crash.test.js": "require('node:test').test('crashes', () => process.kill(process.pid, 'SIGKILL'));"})
    run = latwrap("-q", "--", "sh", "-c", "node --test crash.test.js", cwd=node, env=environment())
    assert run.status == 1
    assert span(run, "crashes")["outcome"] == "error"


# -- JUnit 5 -----------------------------------------------------------------------------------------------------------

JARS = """junit-jupiter-api junit-jupiter-engine junit-jupiter-params junit-platform-engine junit-platform-launcher junit-platform-commons
    junit-platform-console junit-platform-reporting opentest4j apiguardian-api univocity-parsers picocli opentest4j-reporting-events
    opentest4j-reporting-schema""".split()


def test_junit5(latwrap, directory, slow):
    """Test methods at a time in one process: each has its thread"""
    find("javac")
    jars = [f"/usr/share/java/{name}.jar" for name in JARS if os.path.exists(f"/usr/share/java/{name}.jar")]
    if len(jars) < 8:
        pytest.skip("junit5 is not installed")
    methods = "\n".join(f"""
        @Test void slow{n}() throws Exception {{ meet.await(); new java.io.FileInputStream("{slow}/{n}").close(); {fails} }}"""
                        for n, fails in enumerate(["", "fail();", "", ""]))
    write(directory, {
        "src/example/FooTest.java": f"""
            package example;
            import org.junit.jupiter.api.*;
            import org.junit.jupiter.params.ParameterizedTest;
            import org.junit.jupiter.params.provider.ValueSource;
            import static org.junit.jupiter.api.Assertions.*;
            class FooTest {{
                static final java.util.concurrent.CyclicBarrier meet = new java.util.concurrent.CyclicBarrier(4);
                {methods}
                @Test @Disabled void off() {{}}
                @ParameterizedTest @ValueSource(ints = {{1, 2}}) void square(int x) {{}}
            }}
            """,
        "out/META-INF/services/org.junit.platform.launcher.TestExecutionListener": "latwrap.LatwrapListener\n",
        "out/junit-platform.properties": """\
            junit.jupiter.execution.parallel.enabled=true
            junit.jupiter.execution.parallel.mode.default=concurrent
            junit.jupiter.execution.parallel.config.strategy=fixed
            junit.jupiter.execution.parallel.config.fixed.parallelism=4
            """})
    listener = harness.ROOT / "wrappers/java/tests/latwrap/LatwrapListener.java"
    path = ":".join(jars)
    subprocess.run(["javac", "-Xlint:all,-processing,-classfile,-path", "-Werror", "-cp", path, "-d", "out", str(listener)], cwd=directory, check=True)
    subprocess.run(["javac", "-cp", path, "-d", "out", "src/example/FooTest.java"], cwd=directory, check=True)
    command = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", f"out:{path}", "org.junit.platform.console.ConsoleLauncher",
               "--scan-classpath", "out", "--disable-banner", "--reports-dir=reports"]
    run = latwrap("--", *command, cwd=directory, env=environment())
    assert run.status == 1, run.stdout + run.stderr
    names = {f"example.FooTest.slow{n}()": "failed" if n == 1 else "passed" for n in range(4)}
    assert outcomes(run, "junit5") == {
        **names, "example.FooTest.off()": "skipped", "example.FooTest.square(int)[1]": "passed", "example.FooTest.square(int)[2]": "passed"}
    assert owners(run, slow) == {str(n): f"example.FooTest.slow{n}()" for n in range(4)}
    assert was_held_up(span(run, "example.FooTest.slow1()"))
    top, = tree(run)
    assert top[0] == "example.FooTest" and len(top[1]) == 6
    assert not losses(run)
    # Its own JUnit file.
    junit, = (directory / "reports").glob("*jupiter.xml")
    done = subprocess.run([harness.LATWRAP, "report", "--junit", junit, "-f", "junit", run.path], capture_output=True, text=True, check=True)
    assert done.stdout.count("latwrap.stalled_ns") >= 4 and done.stderr == ""
