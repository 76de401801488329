"""The real PHPUnit: each test is named, with its file, line and outcome; nothing else changes"""

import re
import shutil

import pytest

import starve_one
from spantools import clean_environment, losses, outcomes, span, spans, tree

pytestmark = pytest.mark.needs("bpf")

TESTS = """<?php
    namespace Example;
    use PHPUnit\\Framework\\TestCase;
    function hrtime() { return 0; }
    function getmypid() { return 1; }
    class FirstTest extends TestCase {
        public function testPasses() { $this->assertTrue(true); }
        public function testFails() { $this->assertTrue(false); }
        public function testBreaks() { throw new \\Exception("on purpose"); }
        public function testSkips() { $this->markTestSkipped("no reason"); }
        public function testIsIncomplete() { $this->markTestIncomplete("later"); }
        /** @requires function none */
        public function testNeedsMore() { }
        public static function words() { return [["one \xfc"], 'two "quoted"' => [new \\stdClass()]]; }
        /** @dataProvider words */
        public function testTakes($word) { $this->assertNotSame("", $word); }
        /** @runInSeparateProcess */
        public function testIsolated() { $this->assertFalse(getenv("PHP_INI_SCAN_DIR")); }
        public function testForks() {
            if (!pcntl_fork()) {
                posix_kill(posix_getpid(), SIGKILL);
            }
            pcntl_wait($status);
            $this->assertNotSame(0, $status);
        }
        public function testSeesNothing() {
            $this->assertFalse(getenv("PHP_INI_SCAN_DIR"));
            $this->assertArrayNotHasKey("PHP_INI_SCAN_DIR", $_SERVER + $_ENV);
            $this->assertSame([], array_filter(spl_autoload_functions(), function ($one) { return is_array($one) && strpos(get_class($one[0]), "Latwrap") === 0; }));
            $this->assertArrayNotHasKey("__composer_autoload_files", $GLOBALS);
            $this->assertStringNotContainsStringIgnoringCase("latwrap", implode(" ", array_column(debug_backtrace(), "class")));
            $this->assertNull(error_get_last());
        }
        public function testStartsPhpunit() {
            exec("phpunit inner/InnerTest.php", $output, $status);
            $this->assertSame(1, $status);
        }
    }
"""
FIXTURES = """<?php
    use PHPUnit\\Framework\\TestCase;
    class FixturesTest extends TestCase {
        protected function setUp(): void { throw new Exception("on purpose"); }
        public function testNever() { }
    }
"""
BROKEN = """<?php
    use PHPUnit\\Framework\\TestCase;
    class BrokenTest extends TestCase {
        public static function setUpBeforeClass(): void { throw new Exception("on purpose"); }
        public function testNever() { }
    }
"""
INNER = """<?php
    class InnerTest extends PHPUnit\\Framework\\TestCase { public function testInner() { $this->assertTrue(false); } }
"""
EXPECTED = {"testPasses": "passed", "testFails": "failed", "testBreaks": "error", "testSkips": "skipped", "testIsIncomplete": "skipped", "testNeedsMore": "skipped",
            "testTakes with data set #0": "passed", 'testTakes with data set "two "quoted""': "passed", "testIsolated": "passed", "testForks": "passed",
            "testSeesNothing": "passed", "testStartsPhpunit": "passed"}


@pytest.fixture
def project(files):
    if not shutil.which("phpunit"):
        pytest.skip("PHPUnit is not installed")
    return lambda more=None: files({"tests/FirstTest.php": TESTS, "tests/FixturesTest.php": FIXTURES, "tests/BrokenTest.php": BROKEN, "inner/InnerTest.php": INNER, **(more or {})})


def masked(output):
    return re.sub(r"Time: \S+|\d+\.\d+ MB", "N", output)


@pytest.mark.parametrize("argv", [["phpunit", "tests"], ["php", "-d", "memory_limit=-1", "/usr/bin/phpunit", "--testdox", "tests"], ["sh", "-c", "phpunit --debug tests"]],
                         ids=["phpunit", "php", "shell"])
def test_phpunit(latwrap, children, project, argv):
    path = project()
    bare = children.run(*argv, cwd=path, env=clean_environment())
    run = latwrap("-q", "--", *argv, cwd=path, env=clean_environment())
    assert run.status == bare.status == 2, run.stdout + run.stderr
    assert masked(run.stdout) == masked(bare.stdout) and run.stderr == bare.stderr
    assert outcomes(run) == {**{f"Example\\FirstTest::{name}": outcome for name, outcome in EXPECTED.items()}, 
                             "FixturesTest::testNever": "error", "BrokenTest::testNever": "error"}
    assert {name: len(tests) for name, tests in tree(run)} == {"tests/FirstTest.php": 12, "tests/FixturesTest.php": 1, "tests/BrokenTest.php": 1}
    row = span(run, "Example\\FirstTest::testFails")
    assert (row["runner"], row["file"], row["line"]) == ("phpunit", str(path / "tests/FirstTest.php"), 8)
    assert not losses(run)


def test_configuration_of_php(latwrap, project):
    """What the user's directory of configuration says still counts, also a file to run first, and tests see it"""
    path = project({"ini/a.ini": "auto_prepend_file = first.php\nprecision = 5\n", "first.php": "<?php const FIRST = 1;\n", "tests/FirstTest.php": """<?php
        class FirstTest extends PHPUnit\\Framework\\TestCase {
            public function testIt() { $this->assertSame([1, "5", ":ini", ":ini"], [FIRST, ini_get("precision"), getenv("PHP_INI_SCAN_DIR"), $_SERVER["PHP_INI_SCAN_DIR"]]); }
        }
    """})
    run = latwrap("-q", "--", "phpunit", "--repeat", "2", "tests/FirstTest.php", cwd=path, env=clean_environment(PHP_INI_SCAN_DIR=":ini"))
    assert run.status == 0, run.stdout
    assert [(row["attempt"], row["outcome"]) for row in spans(run, "FirstTest::testIt")] == [(None, "passed"), (2, "passed")]


ALONE = {"alone/AloneTest.php": """<?php
    class AloneTest extends PHPUnit\\Framework\\TestCase {
        public function testIt() { $this->assertSame(1, defined("FIRST") ? FIRST : 1); echo ini_get("open_basedir"); }
        public function testFails() { $this->assertTrue(false); }
    }
"""}


@pytest.mark.parametrize("argv", [["phpunit"], ["php", "/usr/bin/phpunit"], ["php", "-d", "open_basedir=/usr:.", "/usr/bin/phpunit"]], ids=["phpunit", "php", "option"])
@pytest.mark.parametrize("variable, value", [("PHPRC", "ini/php.ini"), ("PHP_INI_SCAN_DIR", ":ini")])
def test_open_basedir(latwrap, children, project, argv, variable, value):
    """PHP may not read latwrap's file: PHPUnit runs as without latwrap"""
    path = project({**ALONE, "ini/php.ini": "" if "-d" in argv else "open_basedir = /usr:.\n"})
    environment = clean_environment(**{variable: value})
    bare = children.run(*argv, "alone", cwd=path, env=environment)
    run = latwrap("-q", "--", *argv, "alone", cwd=path, env=environment)
    assert bare.status == 1 and "/usr:." in bare.stdout, bare.stdout
    assert (run.status, masked(run.stdout), run.stderr) == (bare.status, masked(bare.stdout), bare.stderr)


def test_own_first_file(latwrap, project):
    """The file that php.ini has PHP run first still runs, and open_basedir may allow latwrap's"""
    path = project({**ALONE, "php.ini": "auto_prepend_file = first.php\nopen_basedir = /\n", "first.php": "<?php const FIRST = 1; echo 'ran first';\n"})
    run = latwrap("-q", "--", "phpunit", "alone", cwd=path, env=clean_environment(PHPRC=str(path / "php.ini")))
    assert run.status == 1 and run.stdout.count("ran first") == 1, run.stdout
    assert outcomes(run) == {"AloneTest::testIt": "passed", "AloneTest::testFails": "failed"}


def test_composer(latwrap, project):
    """Composer registers its loader of classes in front of all others, and runs files afterwards"""
    path = project({"vendor/autoload.php": """<?php
        spl_autoload_register(function ($name) {
            $file = '/usr/share/php/' . strtr($name, '\\\\', '/') . '.php';
            if (strpos($name, 'PHPUnit') === 0 && is_file($file)) {
                require $file;
            }
        }, true, true);
        if (empty($GLOBALS['__composer_autoload_files']['phpunit'])) {
            $GLOBALS['__composer_autoload_files']['phpunit'] = true;
            require 'PHPUnit/Autoload.php';
        }
    """, "bin/phpunit": """#!/usr/bin/env php
        <?php require __DIR__ . '/../vendor/autoload.php';
        PHPUnit\\TextUI\\Command::main();
    """, "tests/FirstTest.php": """<?php
        class FirstTest extends PHPUnit\\Framework\\TestCase {
            public function testFiles() { $this->assertSame(["phpunit" => true], $GLOBALS["__composer_autoload_files"]); }
        }
    """})
    (path / "bin/phpunit").write_text((path / "bin/phpunit").read_text().replace("\n    ", "\n").replace("    <?php", "<?php"))
    run = latwrap("-q", "--", "bin/phpunit", "tests/FirstTest.php", cwd=path, env=clean_environment())
    assert run.status == 0, run.stdout + run.stderr
    assert outcomes(run) == {"FirstTest::testFiles": "passed"}


def test_killed(latwrap, project):
    path = project({"tests/FirstTest.php": "<?php class FirstTest extends PHPUnit\\Framework\\TestCase { function testIt() { posix_kill(posix_getpid(), SIGKILL); } }"})
    run = latwrap("-q", "--", "phpunit", "tests/FirstTest.php", cwd=path, env=clean_environment())
    assert run.status == 137 and span(run, "FirstTest::testIt")["outcome"] == "error"


@pytest.mark.needs("cpus", "realtime", "root")
def test_starved(latwrap, children, project):
    """Four PHPUnits at the same time"""
    def make():
        path = project()
        tests = starve_one.Tests(path)
        for n in range(tests.count):
            words = " ".join(tests.command(n))
            (path / f"A{n}Test.php").write_text(f"""<?php
                class A{n}Test extends PHPUnit\\Framework\\TestCase {{
                    public function testMeets() {{
                        passthru('{words}', $status);
                        $this->assertSame(0, $status);
                    }}
                }}
            """)
        return tests

    argv = ["sh", "-c", "for n in 0 1 2 3; do phpunit --do-not-cache-result A${n}Test.php & done; wait"]
    run = starve_one.starve(make, latwrap, children, argv, "A2Test::testMeets")
    assert len(outcomes(run)) == 4
