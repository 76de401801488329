"""The real Maven Surefire, with JUnit 4, JUnit 5 and TestNG: each test is named, without a file in the project; nothing else changes"""

import os
import re
import shutil
import subprocess

import pytest

import starve_one
from spantools import clean_environment, losses, outcomes, spans, tree

pytestmark = [pytest.mark.needs("bpf"), pytest.mark.slow]

JARS = {"junit4": ["junit4"], "junit5": ["junit-jupiter-api", "opentest4j", "apiguardian-api", "junit-platform-commons"], "testng": ["testng"]}
DEPENDENCIES = {"junit4": [("junit", "junit", "4.13.2")], "testng": [("org.testng", "testng", "6.x")],
                "junit5": [("org.junit.jupiter", f"junit-jupiter-{part}", "5.9.2") for part in ("api", "engine")]}
POM = """
    <project xmlns="http://maven.apache.org/POM/4.0.0">
      <modelVersion>4.0.0</modelVersion>
      <groupId>example</groupId><artifactId>example</artifactId><version>1</version>
      <dependencies>DEPENDENCIES</dependencies>
    </project>
"""
# A test that replaces all that it can, and puts nothing back
FAKES = """
        static void fakeAll() throws Exception {
            new ProcessBuilder("true").start().waitFor();
            System.setOut(new java.io.PrintStream(new java.io.ByteArrayOutputStream()));
            System.setErr(System.out);
            System.setIn(new java.io.ByteArrayInputStream(new byte[0]));
            for (String name : System.getProperties().stringPropertyNames())
                System.clearProperty(name);
            java.util.Locale.setDefault(java.util.Locale.forLanguageTag("hi-IN-u-nu-deva"));
            java.util.TimeZone.setDefault(java.util.TimeZone.getTimeZone("Asia/Kathmandu"));
            Thread.setDefaultUncaughtExceptionHandler((thread, error) -> {});
            Thread.currentThread().setName("\\"\\0");
            Thread.currentThread().interrupt();
        }
"""
JUNIT4 = {"A": """
    import org.junit.*;
    public class ATest {
        static int tries;
        @Test public void passes() {}
        @Test public void fails() { Assert.fail("on purpose"); }
        @Test @Ignore public void ignored() {}
        @Test public void assumes() { Assume.assumeTrue(false); }
        @Test public void flaky() { Assert.assertTrue(tries++ > 0); }
        @Test public void prints() { System.out.println("options: " + System.getenv("MAVEN_OPTS")); }
        @Test public void startsTests() { org.junit.runner.JUnitCore.runClasses(Inner.class); }
        public static class Inner { @Test public void inner() { Assert.fail("on purpose"); } }
    }
""", "Broken": """
    import org.junit.*;
    public class BrokenTest {
        @BeforeClass public static void fixture() { Assert.fail("on purpose"); }
        @Test public void never() {}
    }
""", "Fakes": """
    import org.junit.*;
    @FixMethodOrder(org.junit.runners.MethodSorters.NAME_ASCENDING)
    public class FakesTest {
        @Test public void first() throws Exception { fakeAll(); }
        @Test public void second() {}
        FAKES
    }
""".replace("FAKES", FAKES)}
JUNIT5 = {"A": """
    import org.junit.jupiter.api.*;
    class ATest {
        @Test void passes() {}
        @Test void fails() { Assertions.fail("on purpose"); }
        @Test @Disabled void disabled() {}
        @RepeatedTest(2) void repeated() {}
    }
""", "Broken": """
    import org.junit.jupiter.api.*;
    class BrokenTest {
        @BeforeAll static void fixture() { Assertions.fail("on purpose"); }
        @Test void never() {}
    }
""", "Halts": """
    import org.junit.jupiter.api.*;
    class HaltsTest { @Test void halts() { Runtime.getRuntime().halt(1); } }
""", "Exits": """
    import org.junit.jupiter.api.*;
    class ExitsTest { @Test void exits() { System.exit(0); } }
""", "Fakes": """
    import org.junit.jupiter.api.*;
    @TestMethodOrder(MethodOrderer.MethodName.class)
    class FakesTest {
        @Test void first() throws Exception { fakeAll(); }
        @Test void second() {}
        FAKES
    }
""".replace("FAKES", FAKES)}
TESTNG = {"A": """
    import org.testng.*;
    import org.testng.annotations.*;
    public class ATest {
        static int tries;
        public static class Again implements IRetryAnalyzer { public boolean retry(ITestResult test) { return tries < 2; } }
        @Test public void passes() {}
        @Test public void fails() { Assert.fail("on purpose"); }
        @Test public void skips() { throw new SkipException("no reason"); }
        @Test(retryAnalyzer = Again.class) public void flaky() { Assert.assertTrue(tries++ > 0); }
        @DataProvider Object[][] numbers() { return new Object[][] {{1}, {2}}; }
        @Test(dataProvider = "numbers") public void takes(int number) {}
        static int calls;
        static class Counted { public String toString() { return "call " + ++calls; } }
        static class Endless { public String toString() { return "" + this; } }
        static class Failing { public String toString() { throw new AssertionError("on purpose"); } }
        @DataProvider Object[][] odd() { return new Object[][] {{new Counted()}, {new Endless()}, {new Failing()}}; }
        @Test(dataProvider = "odd") public void takesOdd(Object odd) {}
        @Test(dependsOnMethods = "takesOdd") public void counts() { Assert.assertEquals(calls, 1); }
        @Test public void startsTests() {
            TestNG inner = new TestNG(false);
            inner.setTestClasses(new Class<?>[] {Inner.class});
            inner.setVerbose(0);
            inner.run();
        }
    }
    class Inner { @Test public void inner() { Assert.fail("on purpose"); } }
""", "Broken": """
    import org.testng.*;
    import org.testng.annotations.*;
    public class BrokenTest {
        @BeforeClass public void fixture() { Assert.fail("on purpose"); }
        @Test public void never() {}
    }
""", "Fakes": """
    import org.testng.annotations.*;
    public class FakesTest {
        @Test public void first() throws Exception { fakeAll(); }
        @Test(dependsOnMethods = "first") public void second() {}
        FAKES
    }
""".replace("FAKES", FAKES)}
FAKED = {"FakesTest.first": "passed", "FakesTest.second": "passed"}


def compile_tests(path, framework):
    jars = ":".join(f"/usr/share/java/{name}.jar" for name in JARS[framework])
    subprocess.run(["javac", "-cp", jars, "-d", "target/test-classes", *path.glob("src/*.java")], cwd=path, check=True)


@pytest.fixture(scope="module")
def repository(module_directory):
    """Debian's packages, as a local repository, which must be writable"""
    if not shutil.which("mvn") or not os.path.exists("/usr/share/maven-repo/org/apache/maven/plugins/maven-surefire-plugin"):
        pytest.skip("Maven is not installed")
    subprocess.run(["cp", "-rs", "/usr/share/maven-repo", module_directory / "repository"], check=True)
    return module_directory / "repository"


@pytest.fixture
def maven(files, repository):
    """maven("junit4", {"A": text}): a project with the test class ATest, which is compiled; returns its directory and a command"""
    def make(framework, classes, **more):
        dependencies = "".join(f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version><scope>test</scope></dependency>"
                               for group, name, version in DEPENDENCIES[framework])
        path = files({"pom.xml": POM.replace("DEPENDENCIES", dependencies), 
                      **{f"src/{name}Test.java": text for name, text in classes.items()}, **more})
        if classes:
            compile_tests(path, framework)
        return path, ["mvn", "-B", "-o", f"-Dmaven.repo.local={repository}", "surefire:test"]

    return make


def environment():
    return clean_environment(MAVEN_OPTS="-XX:TieredStopAtLevel=1", JAVA_TOOL_OPTIONS=None)


def masked(output):
    """Times and the processes of Surefire differ each time, and so does the order of classes"""
    return sorted(re.sub(r"\d+[.,]?\d* ?m?s\b|\d+-\d+-\d+T\S+|/bin/sh -c .*", "T", output).splitlines())


def attempts(run, name):
    return [(row["attempt"], row["outcome"]) for row in spans(run, name)]


def test_junit4(latwrap, children, maven):
    """A process for each class, two at a time; what fails is run again"""
    path, command = maven("junit4", JUNIT4)
    command += ["-DforkCount=2", "-DreuseForks=false", "-Dsurefire.rerunFailingTestsCount=1"]
    run = latwrap("-q", "--", *command, cwd=path, env=environment())
    bare = children.run(*command, cwd=path, env=environment())
    assert run.status == bare.status == 1, run.stdout + run.stderr
    assert masked(run.stdout) == masked(bare.stdout) and run.stderr == bare.stderr
    assert "-XX:TieredStopAtLevel=1\n" in run.stdout
    assert attempts(run, "ATest.fails") == [(None, "failed"), (2, "failed")]
    assert attempts(run, "ATest.flaky") == [(None, "failed"), (2, "passed")]
    rest = {row["name"]: row["outcome"] for row in spans(run) if row["outcome"] and row["name"] not in ("ATest.fails", "ATest.flaky")}
    assert rest == {"ATest.passes": "passed", "ATest.ignored": "skipped", "ATest.assumes": "skipped", "ATest.prints": "passed",
                    "ATest.startsTests": "passed", "BrokenTest": "error", **FAKED}
    assert {name for name, _ in tree(run)} == {"ATest", "BrokenTest", "FakesTest"}
    assert {row["runner"] for row in spans(run)} == {"junit4"} and not losses(run)


@pytest.mark.parametrize("options, seen", [(None, ""), ("", "-XX:TieredStopAtLevel=1 ")], ids=["unset", "empty"])
def test_options_of_the_project(latwrap, maven, options, seen):
    """Tests see them only if the user has set MAVEN_OPTS, as without latwrap; Surefire 2 cannot remove the variable"""
    path, command = maven("junit4", {"A": JUNIT4["A"]}, **{".mvn/jvm.config": "-XX:TieredStopAtLevel=1"})
    run = latwrap("-q", "--", *command, "-Dtest=ATest#prints", cwd=path, env=clean_environment(MAVEN_OPTS=options, JAVA_TOOL_OPTIONS=None))
    assert re.search("options: (.*)", run.stdout)[1] == seen
    assert outcomes(run) == {"ATest.prints": "passed"}


def test_junit5(latwrap, maven):
    path, command = maven("junit5", JUNIT5)
    run = latwrap("-q", "--", *command, "-DforkCount=2", "-DreuseForks=false", cwd=path, env=environment())
    assert run.status == 1, run.stdout + run.stderr
    assert outcomes(run) == {"ATest.passes()": "passed", "ATest.fails()": "failed", "ATest.disabled()": "skipped",
                             "ATest.repeated()[1]": "passed", "ATest.repeated()[2]": "passed", "BrokenTest": "error",
                             "HaltsTest": "error", "HaltsTest.halts()": "error", "ExitsTest": "unknown", "ExitsTest.exits()": "unknown",
                             **{f"{name}()": outcome for name, outcome in FAKED.items()}}
    assert not losses(run)


def test_testng(latwrap, maven):
    """Methods at the same time in one process"""
    path, command = maven("testng", TESTNG)
    run = latwrap("-q", "--", *command, "-Dparallel=methods", "-DthreadCount=3", cwd=path, env=environment())
    assert run.status == 1, run.stdout + run.stderr
    assert attempts(run, "ATest.flaky") == [(None, "failed"), (2, "passed")]
    rest = {row["name"]: row["outcome"] for row in spans(run) if row["outcome"] and row["name"] != "ATest.flaky"}
    assert rest == {"ATest.passes": "passed", "ATest.fails": "failed", "ATest.skips": "skipped", "ATest.takes(1)": "passed",
                    "ATest.takes(2)": "passed", "ATest.takesOdd(call 1)": "passed", "ATest.takesOdd(?)": "passed", "ATest.counts": "passed",
                    "ATest.startsTests": "passed", "BrokenTest.fixture": "error", "BrokenTest.never": "skipped", **FAKED}
    assert not losses(run)


@pytest.mark.needs("cpus", "realtime", "root")
def test_starved(latwrap, children, maven):
    """Four processes at the same time"""
    def make():
        path, _ = maven("junit4", {})
        tests = starve_one.Tests(path)
        (path / "src").mkdir()
        for n in range(tests.count):
            words = ", ".join(f'"{word}"' for word in tests.command(n))
            (path / f"src/A{n}Test.java").write_text(f"""
                import org.junit.*;
                public class A{n}Test {{
                    @Test public void meets() throws Exception {{
                        Assert.assertEquals(0, new ProcessBuilder({words}).start().waitFor());
                    }}
                }}
            """)
        compile_tests(path, "junit4")
        return tests

    command = maven("junit4", {})[1]
    run = starve_one.starve(make, latwrap, children, [*command, "-DforkCount=4", "-DreuseForks=false"], "A2Test.meets")
    assert len(outcomes(run)) == 4
