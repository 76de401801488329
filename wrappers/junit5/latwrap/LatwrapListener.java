// Reports each test of the JUnit Platform to latwrap through `latwrap span --relay`, since Java has no datagram sockets
package latwrap;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
 * Copy it to src/test/java/latwrap/, and write its name, latwrap.LatwrapListener, into
 * src/test/resources/META-INF/services/org.junit.platform.launcher.TestExecutionListener.
 * Outside a run of latwrap it does nothing. It must not change any test: on any error, it stops silently.
 * It needs Java 8 or newer and JUnit 5.
 */
public class LatwrapListener implements TestExecutionListener {
	private static final int NAME_CHARS = 1000;

	private final Map<String, String> open = new ConcurrentHashMap<>(); // our ID by the ID of JUnit
	private Process relay;
	private OutputStream out;
	private TestPlan plan;
	private long count;

	@Override
	public void testPlanExecutionStarted(TestPlan testPlan) {
		String socket = System.getenv("LATWRAP_SOCKET");
		if (socket == null || socket.isEmpty())
			return;
		try {
			File nothing = new File("/dev/null");
			String program = new File(new File(socket).getParentFile(), "latwrap").getPath();
			relay = new ProcessBuilder(program, "span", "--relay").redirectOutput(nothing).redirectError(nothing).start();
			out = relay.getOutputStream();
			plan = testPlan;
		} catch (IOException | RuntimeException error) {
			out = null;
		}
	}

	@Override
	public void testPlanExecutionFinished(TestPlan testPlan) {
		try {
			if (out != null)
				out.close();
			if (relay != null)
				relay.waitFor(1, TimeUnit.SECONDS);
		} catch (IOException | InterruptedException error) {
			// Then the last messages are missing.
		}
		out = null;
	}

	@Override
	public void executionStarted(TestIdentifier test) {
		// Leave out engines: users do not know their names.
		if (out != null && test.getParentId().isPresent())
			safely(() -> begin(test));
	}

	@Override
	public void executionFinished(TestIdentifier test, TestExecutionResult result) {
		if (out != null)
			safely(() -> end(test, outcome(result)));
	}

	@Override
	public void executionSkipped(TestIdentifier test, String reason) {
		if (out == null || !test.isTest())
			return;
		safely(() -> begin(test));
		safely(() -> end(test, "skipped"));
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
		String id;
		synchronized (this) {
			id = "junit-" + System.nanoTime() + "-" + ++count;
		}
		open.put(test.getUniqueId(), id);
		String parent = test.getParentId().map(open::get).orElse(null);
		String message = start("begin", id) + field("name", name(test)) + field("runner", "junit5");
		if (parent != null)
			message += field("parent", parent);
		// A container has no thread of its own: its tests may run on any thread.
		if (test.isTest())
			message += ",\"tid\":" + threadId();
		send(message);
	}

	private void end(TestIdentifier test, String outcome) {
		String id = open.remove(test.getUniqueId());
		if (id == null)
			return;
		String message = start("end", id);
		// A container fails by itself, for example in @BeforeAll, not because of a test.
		if (test.isTest())
			message += field("outcome", outcome);
		else if ("failed".equals(outcome))
			message += field("outcome", "error");
		send(message);
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

	/** Returns the thread ID of the kernel, which Java does not provide. */
	private static long threadId() {
		try {
			return Long.parseLong(Files.readSymbolicLink(Paths.get("/proc/thread-self")).getFileName().toString());
		} catch (IOException | RuntimeException error) {
			return 0;
		}
	}

	/** On Linux, nanoTime() reads CLOCK_MONOTONIC. */
	private static String start(String event, String id) {
		return "{\"v\":1,\"event\":\"" + event + "\",\"time_ns\":" + System.nanoTime() + field("id", id);
	}

	private static String field(String key, String value) {
		StringBuilder text = new StringBuilder(",\"" + key + "\":\"");
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
		return text.append('"').toString();
	}

	private synchronized void send(String message) {
		try {
			out.write((message + "}\n").getBytes(StandardCharsets.UTF_8));
			out.flush();
		} catch (IOException error) {
			out = null;
		}
	}

	private static void safely(Runnable action) {
		try {
			action.run();
		} catch (RuntimeException error) {
			// A test must not fail because of us.
		}
	}
}
