// Reports each test of the JUnit Platform to latwrap, through `latwrap span --relay`, since Java has no datagram sockets
package latwrap;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Maven and Gradle get it from latwrap. For other launchers, copy it to src/test/java/latwrap/, and write its name,
 * latwrap.LatwrapListener, into src/test/resources/META-INF/services/org.junit.platform.launcher.TestExecutionListener.
 * Outside a run of latwrap it does nothing. It must not change any test: on any error, it stops silently.
 * It needs Java 8 or newer and JUnit 5.
 */
public class LatwrapListener implements TestExecutionListener {
	private final Map<String, Span> open = new ConcurrentHashMap<>(); // by the ID of JUnit
	private Spans spans;
	private TestPlan plan;

	@Override
	public void testPlanExecutionStarted(TestPlan testPlan) {
		// Tests that a test starts usually fail on purpose.
		if (Spans.isInTest())
			return;
		plan = testPlan;
		spans = Spans.of("junit5");
	}

	@Override
	public void testPlanExecutionFinished(TestPlan testPlan) {
		if (spans != null)
			spans.finish();
		spans = null;
	}

	@Override
	public void executionStarted(TestIdentifier test) {
		// Leave out engines: users do not know their names.
		if (spans != null && test.getParentId().isPresent())
			Spans.safely(() -> begin(test));
	}

	@Override
	public void executionFinished(TestIdentifier test, TestExecutionResult result) {
		if (spans != null)
			Spans.safely(() -> end(test, outcome(result)));
	}

	@Override
	public void executionSkipped(TestIdentifier test, String reason) {
		if (spans == null || !test.isTest())
			return;
		Spans.safely(() -> begin(test));
		Spans.safely(() -> end(test, "skipped"));
	}

	private static String outcome(TestExecutionResult result) {
		switch (result.getStatus()) {
		case SUCCESSFUL:
			return "passed";
		case ABORTED:
			return "skipped";
		default:
			return "failed";
		}
	}

	private void begin(TestIdentifier test) {
		Span parent = test.getParentId().map(open::get).orElse(null);
		String name = name(test);
		open.put(test.getUniqueId(), test.isTest() ? spans.beginTest(name, parent) : spans.beginGroup(name, parent));
	}

	private void end(TestIdentifier test, String outcome) {
		Span span = open.remove(test.getUniqueId());
		if (span == null)
			return;
		if (test.isTest())
			spans.endTest(span, outcome);
		else
			// A container fails by itself, for example in @BeforeAll, not because of a test.
			spans.endGroup(span, "failed".equals(outcome) ? "error" : null);
	}

	/** Returns a name such as "com.example.FooTest.adds()", as in the XML files of JUnit. */
	private String name(TestIdentifier test) {
		String own = test.getLegacyReportingName();
		Optional<TestIdentifier> up = Optional.of(test);
		while (up.isPresent()) {
			TestSource source = up.get().getSource().orElse(null);
			String type = source instanceof MethodSource ? ((MethodSource) source).getClassName()
				: source instanceof ClassSource ? ((ClassSource) source).getClassName() : null;
			if (type != null)
				return up.get() == test && source instanceof ClassSource ? type : type + "." + own;
			up = plan.getParent(up.get());
		}
		return own;
	}

	/** Its name as it was at the begin: of parameters that a test changed, it may be another one later. */
	static final class Span {
		private final String id;
		private final String name;

		private Span(String id, String name) {
			this.id = id;
			this.name = name;
		}
	}

	/** The open spans of this process: the listeners of all frameworks have this class in common. */
	static final class Spans {
		private static final int NAME_CHARS = 1000;
		private static final Path THREAD = Paths.get("/proc/thread-self");
		// Tests may change the environment of the process later.
		private static final String SOCKET = System.getenv("LATWRAP_SOCKET");
		private static final ThreadLocal<Boolean> IN_TEST = new ThreadLocal<>();
		private static final Map<String, Integer> FAILURES = new ConcurrentHashMap<>(); // in a row, by name
		private static final ThreadLocal<Long> THREAD_ID = ThreadLocal.withInitial(Spans::readThreadId);
		private static final String ID = "java-" + System.nanoTime() + "-"; // other processes have the same count
		private static long count;

		private final String runner;
		private Process relay;
		private OutputStream out;
		private boolean isBroken;

		private Spans(String runner) {
			this.runner = runner;
		}

		/** Returns null outside a run of latwrap. */
		static Spans of(String runner) {
			return SOCKET == null || SOCKET.isEmpty() ? null : new Spans(runner);
		}

		static boolean isInTest() {
			return IN_TEST.get() != null;
		}

		static void safely(Runnable action) {
			try {
				action.run();
			} catch (Throwable error) {
				// A test must not fail because of us. Methods of the user, such as toString(), can throw any Error.
			}
		}

		Span beginTest(String name, Span parent) {
			int failures = FAILURES.getOrDefault(name, 0);
			IN_TEST.set(true);
			return begin(name, parent, ",\"tid\":" + THREAD_ID.get() + (failures > 0 ? ",\"attempt\":" + (failures + 1) : ""));
		}

		void endTest(Span test, String outcome) {
			IN_TEST.remove();
			if ("failed".equals(outcome))
				FAILURES.merge(test.name, 1, Integer::sum);
			else
				FAILURES.remove(test.name);
			end(test, outcome);
		}

		/** A group has no thread of its own: its tests may run on any thread. */
		Span beginGroup(String name, Span parent) {
			return begin(name, parent, "");
		}

		/** outcome: null if the tests in the group say it */
		void endGroup(Span group, String outcome) {
			end(group, outcome);
		}

		/** Sends what is left, also on a thread that a test has interrupted. */
		synchronized void finish() {
			boolean wasInterrupted = Thread.interrupted();
			try {
				if (out != null)
					out.close();
				if (relay != null)
					relay.waitFor(1, TimeUnit.SECONDS);
			} catch (IOException | InterruptedException error) {
				// Then the last messages are missing.
			}
			if (wasInterrupted)
				Thread.currentThread().interrupt();
			out = null;
			relay = null;
		}

		private Span begin(String name, Span parent, String more) {
			Span span;
			synchronized (Spans.class) {
				span = new Span(ID + ++count, name);
			}
			send(start("begin", span) + ",\"runner\":\"" + runner + "\",\"name\":\"" + escape(name) + "\"" +
				(parent != null ? ",\"parent\":\"" + parent.id + "\"" : "") + more);
			return span;
		}

		private void end(Span span, String outcome) {
			send(start("end", span) + (outcome != null ? ",\"outcome\":\"" + outcome + "\"" : ""));
		}

		/** Returns the thread ID of the kernel, which Java does not provide. */
		private static long readThreadId() {
			try {
				return Long.parseLong(Files.readSymbolicLink(THREAD).getFileName().toString());
			} catch (IOException | RuntimeException error) {
				return 0;
			}
		}

		/** On Linux, nanoTime() reads CLOCK_MONOTONIC. */
		private static String start(String event, Span span) {
			return "{\"v\":1,\"event\":\"" + event + "\",\"time_ns\":" + System.nanoTime() + ",\"id\":\"" + span.id + "\"";
		}

		private static String escape(String value) {
			StringBuilder text = new StringBuilder(value.length());
			for (int i = 0; i < value.length() && i < NAME_CHARS; i++) {
				char c = value.charAt(i);
				boolean pair = i + 1 < value.length() && Character.isSurrogatePair(c, value.charAt(i + 1));
				if (pair)
					text.append(c).append(value.charAt(++i));
				else if (c < ' ' || c == '"' || c == '\\')
					text.append(String.format("\\u%04x", (int) c));
				else
					text.append(Character.isSurrogate(c) ? '?' : c);
			}
			return text.toString();
		}

		private void open() throws IOException {
			File nothing = new File("/dev/null");
			String program = new File(new File(SOCKET).getParentFile(), "latwrap").getPath();
			relay = new ProcessBuilder(program, "span", "--relay").redirectOutput(nothing).redirectError(nothing).start();
			out = relay.getOutputStream();
		}

		private synchronized void send(String message) {
			if (isBroken)
				return;
			try {
				if (out == null)
					open();
				out.write((message + "}\n").getBytes(StandardCharsets.UTF_8));
				out.flush();
			} catch (IOException error) {
				isBroken = true;
			}
		}
	}
}
