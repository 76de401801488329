"""Tests that a program only prints. The kernel shows what it writes, its output stays as it is"""

import functools
import os
import subprocess
import textwrap

import pytest

import starve_one
from spantools import PYTHON, clean_environment, losses, outcomes, same_as_bare, span, spans, was_held_up

pytestmark = pytest.mark.needs("bpf", "fuse")


def build(directory, name, source, *libraries):
    path = directory / name
    path.write_text(textwrap.dedent(source))
    program = path.with_suffix("")
    subprocess.run(["g++" if path.suffix == ".cc" else "gcc", "-w", path, "-o", program, *libraries], check=True, timeout=120)
    return program


@pytest.fixture
def slow(slowfs):
    return slowfs("read:/f=60ms").write("f")


# -- TAP ---------------------------------------------------------------------------------------------------------------

PERL = """
    use Test::More tests => 7;
    ok(1, "passes");
    open(my $f, "<", "SLOW"); my $line = <$f>;
    ok(0, "reads");
    ok(0, "fails");
    TODO: { local $TODO = "later"; ok(0, "to do"); }
    SKIP: { skip("no reason", 1); ok(0, "skipped"); }
    system("printf '1..1\\\\nnot ok 1 - of a test\\\\n'");
    ok(1, "prints TAP");
    subtest("has tests" => sub { plan(tests => 1); ok(1, "inner"); });
"""
PERL_TESTS = {"passes": "passed", "reads": "failed", "fails": "failed", "to do": "skipped", "test 5": "skipped", "prints TAP": "passed",
              "has tests": "passed"}


@pytest.mark.parametrize("way", ["{}", "{} | tee copy | cat", "exec {} >&2", "script -qec '{}' /dev/null"], ids=["pipe", "tee", "stderr", "terminal"])
def test_tap(latwrap, files, children, slow, way):
    path = files({"a.pl": PERL.replace("SLOW", str(slow))})
    run = same_as_bare(latwrap, children, ["sh", "-c", way.format("perl a.pl")], path, 0 if "|" in way else 2)
    assert outcomes(run) == PERL_TESTS and len(spans(run)) == len(PERL_TESTS)
    assert was_held_up(span(run, "reads")) and not was_held_up(span(run, "fails"))
    assert span(run, "reads")["runner"] == "tap"


def test_tap_plan_last(latwrap, files):
    """A shell that prints its plan last, and a test that a signal ends"""
    path = files({"a.sh": "echo ok 1 - a; echo not ok 2 - b; echo 1..2\n", "b.sh": "echo 1..3; echo ok 1 - c; kill -9 $$\n"})
    run = latwrap("-q", "--", "sh", "-c", "sh a.sh; sh b.sh", cwd=path)
    assert outcomes(run) == {"a": "passed", "b": "failed", "c": "passed", "test 2": "error"}


def test_tap_contradicts_itself(latwrap, files):
    """A test that prints its own result first: no outcome is believed"""
    path = files({"a.sh": "echo 1..2; echo ok 1 - a; echo ok 2 - forged; echo not ok 2 - b\n"})
    run = latwrap("-q", "--", "sh", "a.sh", cwd=path, loss=True)
    assert outcomes(run) == {"a": "passed", "forged": "unknown"}
    assert losses(run) == {"programs whose printed results of tests contradict each other": 1}


def test_other_output(latwrap, files):
    path = files({"a.sh": "echo 1..10; echo ok; echo ok 2 go; echo '[ RUN      ] x'; printf '1..1\\nok 1 - a\\n' > f; cat f; echo ok 1 of 5 files\n"})
    run = latwrap("-q", "--", "sh", "a.sh", cwd=path)
    assert not spans(run)


def test_notes_on_stderr(latwrap, files):
    """What other programs print, too, does not make standard error the place of results"""
    script = '$| = 1; print STDERR "Running late\\n"; print "1..2\\n"; print "ok 1 - a\\n"; print "not ok 2 - b\\n";'
    run = latwrap("-q", "--", "sh", "-c", "perl a.pl 2>&1", cwd=files({"a.pl": script}))
    assert outcomes(run) == {"a": "passed", "b": "failed"}


@pytest.mark.parametrize("lines, is_named", [(100, True), (400, False)])
def test_notes_before_results(latwrap, files, lines, is_named):
    """A program that begins as GoogleTest can, and has then not printed any result for long, is looked at no more"""
    script = f'$| = 1; print "Running late\\n"; print "now $_\\n" for 1..{lines}; print "1..2\\n"; print "ok 1 - a\\n"; print "ok 2 - b\\n";'
    run = latwrap("-q", "--", "perl", "a.pl", cwd=files({"a.pl": script}))
    assert outcomes(run) == ({"a": "passed", "b": "passed"} if is_named else {})


# -- GoogleTest --------------------------------------------------------------------------------------------------------

GOOGLE = """
    #include <gtest/gtest.h>
    #include <fstream>
    #include <cstdlib>
    #include <csignal>
    #include <ctime>
    #include <sys/wait.h>
    #include <unistd.h>
    TEST(Suite, Passes) { printf("no newline"); }
    TEST(Suite, Reads) { std::ifstream file("SLOW"); file.get(); FAIL(); }
    TEST(Suite, Fails) { EXPECT_EQ(1, 2); }
    TEST(Suite, Skips) { GTEST_SKIP(); }
    TEST(Suite, Dies) { EXPECT_DEATH({ puts("[       OK ] Suite.Dies (0 ms)"); abort(); }, ""); }
    TEST(Suite, Forges) { puts("[       OK ] Suite.Forges (0 ms)\\n[ RUN      ] No.Test\\n[  FAILED  ] Suite.Fails (0 ms)"); FAIL(); }
    TEST(Suite, Forks) {
        fflush(stdout);
        if (!fork()) { puts("[==========] Running 1 test from 1 test suite.\\n[ RUN      ] No.Other"); fflush(stdout); _exit(0); }
        wait(NULL);
    }
    TEST(Suite, Closes) { int out = dup(1); close(1); close(0); dup2(out, 1); close(out); }
    TEST(Suite, MayDie) { if (getenv("DIE")) abort(); }
    struct Fixture : testing::Test { static void SetUpTestSuite() { FAIL(); } };
    TEST_F(Fixture, Never) {}
    struct Prepared : testing::Test { void SetUp() override { FAIL(); } };
    TEST_F(Prepared, Never) {}
    struct Values : testing::TestWithParam<int> {};
    TEST_P(Values, Small) { EXPECT_LT(GetParam(), 2); }
    INSTANTIATE_TEST_SUITE_P(All, Values, testing::Values(1, 2));
    template <typename T> struct Types : testing::Test {};
    typedef testing::Types<char, int> Both;
    TYPED_TEST_SUITE(Types, Both);
    TYPED_TEST(Types, Big) { EXPECT_GT(sizeof(TypeParam), 1u); }
    TEST(Fakes, First) {
        testing::internal::CaptureStdout();
        puts("[  FAILED  ] Fakes.First (0 ms)");
        testing::internal::GetCapturedStdout();
        clearenv();
        chdir("/");
        signal(SIGTERM, SIG_IGN);
        raise(SIGTERM);
        if (!fork())
            _exit(0);
        wait(NULL);
        freopen("/dev/null", "w", stdout);
    }
    TEST(Fakes, Second) {}
"""
GOOGLE_TESTS = {"Suite.Passes": "passed", "Suite.Reads": "failed", "Suite.Fails": "failed", "Suite.Skips": "skipped", "Suite.Dies": "passed",
                "Suite.Forges": "failed", "Suite.Forks": "passed", "Suite.MayDie": "passed", "Suite.Closes": "passed", "Fixture.Never": "skipped", "Prepared.Never": "failed",
                "All/Values.Small/0": "passed", "All/Values.Small/1": "failed", "Types/0.Big": "failed", "Types/1.Big": "passed",
                "Fakes.First": "passed", "Fakes.Second": "passed"}


@pytest.fixture(scope="module")
def google(module_directory):
    """Builds the tests, and what they read is a link to be made"""
    return build(module_directory, "google.cc", GOOGLE.replace("SLOW", str(module_directory / "link")), "-lgtest", "-lgtest_main", "-lpthread")


def link_to(google, slow):
    link = google.parent / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(slow)


@pytest.mark.parametrize("way", ["{}", "script -qec '{}' /dev/null"], ids=["pipe", "terminal"])
def test_google(latwrap, children, google, slow, way, directory):
    link_to(google, slow)
    run = same_as_bare(latwrap, children, ["sh", "-c", way.format(f"{google} --gtest_print_time=0")], directory, 1)
    assert outcomes(run) == GOOGLE_TESTS and len(spans(run)) == len(GOOGLE_TESTS)
    assert was_held_up(span(run, "Suite.Reads")) and not was_held_up(span(run, "Suite.Fails"))
    assert span(run, "Suite.Reads")["runner"] == "gtest"


def test_google_repeats_and_shards(latwrap, google, slow):
    link_to(google, slow)
    run = latwrap("-q", "--", google, "--gtest_repeat=3", "--gtest_filter=Suite.Fails:Suite.Skips")
    assert sorted((row["name"], row["outcome"], row["attempt"] or 1) for row in spans(run)) == sorted(
        (name, outcome, attempt) for name, outcome in (("Suite.Fails", "failed"), ("Suite.Skips", "skipped")) for attempt in (1, 2, 3))
    shards = " & ".join(f"GTEST_TOTAL_SHARDS=3 GTEST_SHARD_INDEX={n} {google} --gtest_shuffle" for n in range(3))
    run = latwrap("-q", "--", "sh", "-c", f"{shards}; wait")
    assert outcomes(run) == GOOGLE_TESTS and len(spans(run)) == len(GOOGLE_TESTS) and not losses(run)


def test_google_is_killed(latwrap, google):
    run = latwrap("-q", "--", "env", "DIE=1", google, "--gtest_filter=Suite.Skips:Suite.MayDie")
    assert outcomes(run) == {"Suite.Skips": "skipped", "Suite.MayDie": "error"}


def test_google_starved(latwrap, children, files):
    """Programs run at the same time, with one test each that waits: the starved one is named"""
    path = files({})
    program = build(path, "a.cc", """
        #include <gtest/gtest.h>
        #include <cstdlib>
        static std::string command;
        struct Tests : testing::TestWithParam<int> {};
        TEST_P(Tests, Runs) { EXPECT_EQ(system((command + std::to_string(GetParam()) + " 2 " + CPU).c_str()), 0); }
        INSTANTIATE_TEST_SUITE_P(All, Tests, testing::Range(0, 4));
        int main(int argc, char **argv) {
            testing::InitGoogleTest(&argc, argv);
            command = argv[1];
            return RUN_ALL_TESTS();
        }
        """, f'-DCPU="{starve_one.VICTIM_CPU}"', "-lgtest", "-lpthread")
    command = f"{PYTHON} -S {starve_one.DEADLINE} {path} "
    shards = " & ".join(f"GTEST_TOTAL_SHARDS=4 GTEST_SHARD_INDEX={n} {program} '{command}'" for n in range(4))

    def make_tests():
        (path / "ready").unlink(missing_ok=True)
        for n in range(4):
            (path / f"go{n}").unlink(missing_ok=True)
        return starve_one.Tests(path)

    starve_one.starve(make_tests, latwrap, children, ["sh", "-c", f"{shards}; wait"], "All/Tests.Runs/2")


# -- Boost.Test, Catch2, doctest ---------------------------------------------------------------------------------------

# What each names differently is a macro; a test that MAKES one more line of its own output tries to choose its outcome.
HEADERS = """
    #include <csignal>
    #include <cstdlib>
    #include <fstream>
    #include <iostream>
    #include <string>
    #include <sys/wait.h>
    #include <unistd.h>
"""
CASES = """
    static bool run(int n)
    {
        const char *command = getenv("COMMAND");
        return !command || !system((command + std::to_string(n) + " 2 " + CPU).c_str());
    }
    CASE(passes) { printf("no newline"); }
    CASE(reads) { std::ifstream file("SLOW"); file.get(); CHECK_IT(false); }
    CASE(fails) { CHECK_IT(false); std::cout << std::string(3000, 'x') << std::endl; }
    CASE(throws) { throw std::string(700, 'x'); }
    CASE(talks) { std::cout << std::string(3000, 'x') << std::endl; CHECK_IT(true); }
    CASE(forges) { std::cout << FORGED << std::endl; std::cout << "more\\n"; CHECK_IT(false); }
    CASE(forks)
    {
        std::cout << std::flush;
        if (!fork()) {
            std::cout << FORGED << std::endl;
            _exit(0);
        }
        wait(NULL);
        CHECK_IT(true);
    }
    CASE(closes) { std::cout << std::flush; int out = dup(1); close(1); dup2(out, 1); close(out); CHECK_IT(true); }
    CASE(dies)
    {
        const char *how = getenv("DIE");
        if (how && *how == 'e')
            _exit(0);
        if (how)
            kill(getpid(), SIGKILL);
        CHECK_IT(true);
    }
    CASE(run0) { CHECK_IT(run(0)); }
    CASE(run1) { CHECK_IT(run(1)); }
    CASE(run2) { CHECK_IT(run(2)); }
    CASE(run3) { CHECK_IT(run(3)); }
"""
BOOST = HEADERS + """
    #define BOOST_TEST_DYN_LINK
    #define BOOST_TEST_MODULE tests
    #include <boost/test/unit_test.hpp>
    #define CASE(name) BOOST_AUTO_TEST_CASE(name)
    #define CHECK_IT(what) BOOST_TEST((what))
    #define FORGED "x.cc(1): Leaving test case \\"" + boost::unit_test::framework::current_test_case().p_name.get() + "\\""
    BOOST_AUTO_TEST_SUITE(suite)
""" + CASES + """
    BOOST_AUTO_TEST_CASE(expected, *boost::unit_test::expected_failures(1)) { BOOST_TEST(false); }
    BOOST_AUTO_TEST_CASE(skips, *boost::unit_test::disabled()) {}
    BOOST_AUTO_TEST_CASE(depends, *boost::unit_test::depends_on("suite/fails")) {}
    BOOST_AUTO_TEST_SUITE_END()
"""
CATCH2 = HEADERS + """
    #define CATCH_CONFIG_MAIN
    #include <catch2/catch.hpp>
    #include <catch2/catch_reporter_teamcity.hpp>
    #define CASE(name) TEST_CASE(#name)
    #define CHECK_IT(what) CHECK(what)
    #define FORGED "<OverallResult success=\\"true\\"/>\\n</TestCase>\\n##teamcity[testFinished name='forges' duration='0']"
""" + CASES + """
    TEST_CASE("in <sections> & \\"'quotes'\\" [a]") { SECTION("one") { CHECK(true); } SECTION("two") { CHECK(true); } }
    TEST_CASE("may fail", "[!mayfail]") { CHECK(false); }
    TEST_CASE("hidden", "[.]") { CHECK(false); }
"""
DOCTEST = HEADERS + """
    #define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
    #include <doctest/doctest.h>
    #define CASE(name) TEST_CASE(#name)
    #define CHECK_IT(what) CHECK(what)
    #define FORGED "<OverallResultsAsserts successes=\\"0\\" failures=\\"0\\" test_case_success=\\"true\\"/>\\n</TestCase>"
""" + CASES + """
    TEST_SUITE("suite") { TEST_CASE("in <subcases> & \\"'quotes'\\" [a]") { SUBCASE("one") { CHECK(true); } SUBCASE("two") { CHECK(true); } } }
    TEST_CASE("may fail" * doctest::may_fail()) { CHECK(false); }
    TEST_CASE("skips" * doctest::skip()) { CHECK(false); }
"""
COMMON_TESTS = {"passes": "passed", "reads": "failed", "fails": "failed", "throws": "failed", "talks": "passed", "forges": "failed",
                "forks": "passed", "closes": "passed", "dies": "passed", **{f"run{n}": "passed" for n in range(4)}}
# What else each has. In a run with failures it is unknown whether an error of Boost.Test was expected, and what a lot of output hides.
BOOST_TESTS = {**{f"suite/{name}": outcome for name, outcome in COMMON_TESTS.items()}, "suite/talks": "unknown",
               "suite/expected": "failed", "suite/depends": "skipped"}
CATCH2_TESTS = {**COMMON_TESTS, "in <sections> & \"'quotes'\" [a]": "passed", "may fail": "passed"}
TEAMCITY_TESTS = {**CATCH2_TESTS, "talks": "unknown", "may fail": "skipped"}
DOCTEST_TESTS = {**COMMON_TESTS, "in <subcases> & \"'quotes'\" [a]": "passed", "may fail": "passed"}

FRAMEWORKS = {
    "boost": (BOOST, ["-lboost_unit_test_framework"]),
    "catch2": (CATCH2, []),
    "doctest": (DOCTEST, []),
}
# How tests are chosen, and what else the tests of each way are; a failed run ends with that status
WAYS = {
    "boost": ("boost", "--log_level=test_suite", "--run_test=suite/", "suite/", BOOST_TESTS, 201),
    "boost-all": ("boost", "--log_level=all --color_output=no", "--run_test=suite/", "suite/", BOOST_TESTS, 201),
    "catch2": ("catch2", "-r xml", "", "", CATCH2_TESTS, 4),
    "teamcity": ("catch2", "-r teamcity", "", "", TEAMCITY_TESTS, 4),
    "doctest": ("doctest", "-r=xml -nb=true", "-tc=", "", DOCTEST_TESTS, 1),
}


@pytest.fixture(scope="module")
def frameworks(module_directory):
    """Builds the tests of one framework, once; what they read is a link to be made"""
    @functools.lru_cache(maxsize=None)
    def build_one(name):
        source, libraries = FRAMEWORKS[name]
        return build(module_directory, f"{name}.cc", source.replace("SLOW", str(module_directory / "link")),
                     f'-DCPU="{starve_one.VICTIM_CPU}"', *libraries)

    return build_one


@pytest.mark.parametrize("on", ["pipe", "terminal"])
@pytest.mark.parametrize("way", WAYS)
def test_frameworks(latwrap, children, frameworks, slow, directory, way, on):
    framework, options, _, prefix, tests, status = WAYS[way]
    program = frameworks(framework)
    link_to(program, slow)
    command = f"{program} {options}"
    run = same_as_bare(latwrap, children, ["sh", "-c", f"script -qec '{command}' /dev/null" if on == "terminal" else command], directory, status)
    # The C library writes less at once to a terminal.
    seen = outcomes(run) if on == "pipe" else {**outcomes(run), f"{prefix}talks": tests[f"{prefix}talks"]}
    assert seen == tests and len(spans(run)) == len(tests)
    assert was_held_up(span(run, f"{prefix}reads")) and not was_held_up(span(run, f"{prefix}fails"))
    assert span(run, f"{prefix}fails")["runner"] == way.split("-")[0]


@pytest.mark.parametrize("how, outcome", [("kill", "error"), ("exit", "unknown")])
@pytest.mark.parametrize("way", WAYS)
def test_framework_ends_early(latwrap, frameworks, way, how, outcome):
    """A test that ends its process, also as if nothing had failed"""
    framework, options, choose, prefix, *_ = WAYS[way]
    run = latwrap("-q", "--", "env", f"DIE={how}", frameworks(framework), *options.split(), f"{choose}dies")
    assert outcomes(run) == {f"{prefix}dies": outcome}


@pytest.mark.parametrize("way", ["boost", "catch2", "teamcity", "doctest"])
def test_framework_fakes_the_clock(latwrap, frameworks, slow, way):
    """In another library's clock: the spans have the kernel's times"""
    framework, options, _, prefix, tests, status = WAYS[way]
    program = frameworks(framework)
    link_to(program, slow)
    run = latwrap("-q", "--", "faketime", "-f", "@2001-01-01 00:00:00 x1000", program, *options.split())
    assert outcomes(run) == tests and run.status == status
    assert was_held_up(span(run, f"{prefix}reads")) and not was_held_up(span(run, f"{prefix}fails"))


def test_boost_passes(latwrap, frameworks):
    """The exit status shows that no test has failed: errors were expected, and what is hidden is none"""
    run = latwrap("-q", "--", frameworks("boost"), "--run_test=suite/talks,expected", "--log_level=test_suite")
    found = outcomes(run)
    assert found["suite/talks"] == "passed" and found["suite/expected"] == "unknown" and run.status == 0


@pytest.mark.parametrize("way", ["boost", "catch2", "teamcity", "doctest"])
def test_framework_starved(latwrap, children, files, frameworks, way):
    """Programs run at the same time, with one test each that waits: the starved one is named"""
    framework, options, choose, prefix, *_ = WAYS[way]
    path = files({})
    runs = " & ".join(f"{frameworks(framework)} {options} {choose}run{n}" for n in range(4))

    def make_tests():
        (path / "ready").unlink(missing_ok=True)
        for n in range(4):
            (path / f"go{n}").unlink(missing_ok=True)
        return starve_one.Tests(path)

    command = ["env", f"COMMAND={PYTHON} -S {starve_one.DEADLINE} {path} ", "sh", "-c", f"{runs}; wait"]
    starve_one.starve(make_tests, latwrap, children, command, f"{prefix}run2")


# -- cmocka ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("output, runner", [("STDOUT", "cmocka"), ("SUBUNIT", "subunit")])
def test_cmocka(latwrap, children, directory, slow, output, runner):
    program = build(directory, "a.c", f"""
        #include <setjmp.h>
        #include <stdarg.h>
        #include <stddef.h>
        #include <stdint.h>
        #include <stdio.h>
        #include <cmocka.h>
        static int broken(void **state) {{ return -1; }}
        static void passes(void **state) {{ printf("no newline"); }}
        static void reads(void **state) {{ FILE *f = fopen("{slow}", "r"); getc(f); fail(); }}
        static void fails(void **state) {{ assert_int_equal(1, 2); }}
        static void skips(void **state) {{ skip(); }}
        int main(void) {{
            const struct CMUnitTest tests[] = {{cmocka_unit_test(passes), cmocka_unit_test(reads), cmocka_unit_test(fails),
                                               cmocka_unit_test(skips), {{"never", passes, broken}}}};
            return cmocka_run_group_tests(tests, NULL, NULL);
        }}
        """, "-lcmocka")
    run = same_as_bare(latwrap, children, ["env", f"CMOCKA_MESSAGE_OUTPUT={output}", program], directory, 3)
    assert outcomes(run) == {"passes": "passed", "reads": "failed", "fails": "failed", "skips": "skipped", "never": "error"}
    assert was_held_up(span(run, "reads")) and span(run, "reads")["runner"] == runner


@pytest.mark.parametrize("mode", ["CK_NORMAL", "CK_SUBUNIT"])
def test_check(latwrap, directory, slow, mode):
    """Each test is a process"""
    program = build(directory, "a.c", f"""
        #include <check.h>
        #include <stdio.h>
        #include <stdlib.h>
        START_TEST(passes) {{ puts("ok 2 - of a test"); fflush(stdout); }} END_TEST
        START_TEST(reads) {{ getc(fopen("{slow}", "r")); ck_abort_msg("no"); }} END_TEST
        START_TEST(dies) {{ abort(); }} END_TEST
        int main(void) {{
            Suite *suite = suite_create("suite");
            TCase *tests = tcase_create("tests");
            tcase_add_test(tests, passes);
            tcase_add_test(tests, reads);
            tcase_add_test(tests, dies);
            suite_add_tcase(suite, tests);
            SRunner *runner = srunner_create(suite);
            srunner_run_all(runner, {mode});
            return srunner_ntests_failed(runner);
        }}
        """, "-lcheck", "-lsubunit", "-lm", "-lrt", "-lpthread")
    run = latwrap("-q", "--", program, env={**os.environ, **({"CK_TAP_LOG_FILE_NAME": "-"} if mode == "CK_NORMAL" else {})})
    assert run.status == 2
    found = {name.split(":")[2 if mode == "CK_NORMAL" else 1]: outcome for name, outcome in outcomes(run).items()}
    dies = "failed" if mode == "CK_NORMAL" else "error"
    assert found == {"passes": "passed", "reads": "failed", "dies": dies} and len(spans(run)) == 3
    assert was_held_up(next(row for row in spans(run) if ":reads" in row["name"]))


def test_other_words(latwrap, files):
    """A program that is no test prints as subunit begins"""
    run = latwrap("-q", "--", "perl", "a.pl", cwd=files({"a.pl": '$| = 1; print "test: one\\n"; print "success: other\\n"; print "done\\n"; exit 1;'}))
    assert not spans(run) and run.status == 1


# -- subunit, version 2 ------------------------------------------------------------------------------------------------

SUBUNIT = """
    import os, unittest, zlib

    def packet(name, status):
        head = b"\\xb3\\x28" + bytes([status, len(name) + 9, len(name)]) + name
        return head + zlib.crc32(head).to_bytes(4, "big")

    class A(unittest.TestCase):
        def test_fails(self): self.fail("no")
        @unittest.expectedFailure
        def test_is_expected(self): self.fail("no")
        @unittest.expectedFailure
        def test_is_not_expected(self): pass
        def test_prints(self):
            print("no newline", end="")
            for text in (b"ok 1 - a\\n", b"\\xb3\\n", b"\\xb3" * 9, packet(b"other", 2), packet(b"other", 6)):
                os.write(1, text)
        def test_reads(self):
            open("SLOW").read()
            self.fail("no")
        def test_says(self): self.fail("\\x00\\xff\\n" * 50000)
        def test_skips(self): self.skipTest("no")
        def test_starts(self):
            if os.fork() == 0:
                os.write(1, packet(b"child", 2))
                os._exit(0)
            os.wait()
        @classmethod
        def tearDownClass(cls):
            bad = packet(b"bad", 6)
            for part in (bad[:7], bad[7:], bad[:-1] + b"x", b"x" + bad, bad + b"x"):
                os.write(1, part)
    class Broken(unittest.TestCase):
        @classmethod
        def setUpClass(cls): cls.no
        def test_never(self): pass
"""
SUBUNIT_TESTS = {f"test_a.A.test_{name}": outcome for name, outcome in {
    "fails": "failed", "is_expected": "skipped", "is_not_expected": "failed", "prints": "passed", "reads": "failed", "says": "failed", "skips": "skipped",
    "starts": "passed"}.items()}


@pytest.mark.parametrize("way", ["{} | cat", "script -qec '{}' /dev/null"], ids=["pipe", "terminal"])
def test_subunit_2(latwrap, files, slow, way):
    path = files({"test_a.py": SUBUNIT.replace("SLOW", str(slow))})
    command = way.format(f"{PYTHON} -m subunit.run test_a")
    run = latwrap("-q", "--runner=none", "--", "sh", "-c", f"{command} >out", cwd=path)
    assert outcomes(run) == {**SUBUNIT_TESTS, "setUpClass (test_a.Broken)": "failed"} and not losses(run)
    assert len(spans(run)) == len(outcomes(run))
    assert was_held_up(span(run, "test_a.A.test_reads")) and not was_held_up(span(run, "test_a.A.test_fails"))
    assert span(run, "test_a.A.test_reads")["runner"] == "subunit"


def test_subunit_2_is_reported(latwrap, files, slow):
    """The wrapper of unittest reports the same tests: they are named once"""
    run = latwrap("-q", "--", "sh", "-c", f"{PYTHON} -m subunit.run test_a >out", cwd=files({"test_a.py": SUBUNIT.replace("SLOW", str(slow))}),
                  env=clean_environment())
    assert {row["runner"] for row in spans(run)} == {"unittest"}
    assert set(SUBUNIT_TESTS) < set(outcomes(run))


def test_subunit_2_routes(latwrap, files):
    """Tests at the same time in one process, each with its route code"""
    path = files({"a.py": """
        import sys, testtools, threading
        from subunit.v2 import StreamResultToBytes
        all_run = threading.Barrier(4)
        class Tests(testtools.TestCase):
            def run_one(self):
                all_run.wait()
                self.assertNotIn("2", self.id())
            test_0 = test_1 = test_2 = test_3 = run_one
        testtools.ConcurrentStreamTestSuite(lambda: [(Tests(f"test_{n}"), f"route/{n}") for n in range(4)]).run(StreamResultToBytes(sys.stdout))
        """})
    run = latwrap("-q", "--runner=none", "--", "sh", "-c", f"{PYTHON} a.py >out", cwd=path)
    assert outcomes(run) == {f"__main__.Tests.test_{n}": "failed" if n == 2 else "passed" for n in range(4)} and len(spans(run)) == 4


def test_subunit_2_starved(latwrap, children, files):
    """Programs run at the same time, with one test each that waits: the starved one is named"""
    path = files({"a.py": f"""
        import subprocess, unittest
        class Tests(unittest.TestCase):
            def run_one(self):
                self.assertEqual(subprocess.call([{PYTHON!r}, "-S", {str(starve_one.DEADLINE)!r}, ".", self.id()[-1], "2", "{starve_one.VICTIM_CPU}"]), 0)
            test_0 = test_1 = test_2 = test_3 = run_one
        """})

    def make_tests():
        (path / "ready").unlink(missing_ok=True)
        for n in range(4):
            (path / f"go{n}").unlink(missing_ok=True)
        return starve_one.Tests(path)

    runs = " & ".join(f"{PYTHON} -m subunit.run a.Tests.test_{n} >out{n}" for n in range(4))
    starve_one.starve(make_tests, latwrap, children, ["sh", "-c", f"{runs}; wait"], "a.Tests.test_2", options=("--runner=none",))


def test_cost(latwrap, directory):
    """What a test pays: `pytest -s -k cost` prints it"""
    program = build(directory, "cost.c", """
        #include <stdio.h>
        #include <time.h>
        int main(void) {
            struct timespec from, until;
            puts("1..5000");
            fflush(stdout);
            clock_gettime(CLOCK_MONOTONIC, &from);
            for (int i = 1; i <= 5000; i++) {
                printf("ok %d - name of the test\\n", i);
                fflush(stdout);
            }
            clock_gettime(CLOCK_MONOTONIC, &until);
            fprintf(stderr, "%ld", ((until.tv_sec - from.tv_sec) * 1000000000 + until.tv_nsec - from.tv_nsec) / 5000);
        }
        """)
    without = latwrap("-q", "--io=off", "--", program)
    run = latwrap("-q", "--", program)
    assert not spans(without) and len(spans(run)) == 5000 and not losses(run)
    print(f"\na result: {without.stderr} ns with --io=off, {run.stderr} ns with names")
