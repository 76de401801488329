// Reports each test of JUnit 4 to latwrap; Surefire is told of it by its property "listener"
package latwrap;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.junit.runner.Description;
import org.junit.runner.Result;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

import latwrap.LatwrapListener.Span;
import latwrap.LatwrapListener.Spans;

/** It must not change any test: on any error, it stops silently. */
public class JUnit4Listener extends RunListener {
	private final Spans spans = Spans.of("junit4");
	private final Map<Description, Span> open = new ConcurrentHashMap<>();
	private final Map<String, Span> classes = new ConcurrentHashMap<>(); // by the name of the class
	private final Map<Description, String> outcomes = new ConcurrentHashMap<>();
	private final Set<String> broken = ConcurrentHashMap.newKeySet(); // classes whose fixture failed

	@Override
	public void testStarted(Description test) {
		safely(() -> open.put(test, spans.beginTest(name(test), enter(test.getClassName()))));
	}

	@Override
	public void testFinished(Description test) {
		safely(() -> end(test, outcomes.getOrDefault(test, "passed")));
	}

	@Override
	public void testFailure(Failure failure) {
		safely(() -> fail(failure.getDescription()));
	}

	@Override
	public void testAssumptionFailure(Failure failure) {
		safely(() -> outcomes.put(failure.getDescription(), "skipped"));
	}

	@Override
	public void testIgnored(Description test) {
		safely(() -> {
			if (test.getMethodName() == null)
				return;
			open.put(test, spans.beginTest(name(test), enter(test.getClassName())));
			end(test, "skipped");
		});
	}

	/** Since JUnit 4.13 */
	@Override
	public void testSuiteFinished(Description suite) {
		safely(() -> leave(suite.getClassName()));
	}

	@Override
	public void testRunFinished(Result result) {
		safely(() -> {
			classes.keySet().forEach(this::leave);
			spans.finish();
		});
	}

	private void safely(Runnable action) {
		if (spans != null)
			Spans.safely(action);
	}

	private static String name(Description test) {
		String method = test.getMethodName();
		return method == null ? test.getDisplayName() : test.getClassName() + "." + method;
	}

	private Span enter(String type) {
		return classes.computeIfAbsent(type, name -> spans.beginGroup(name, null));
	}

	private void leave(String type) {
		Span group = classes.remove(type);
		if (group != null)
			spans.endGroup(group, broken.remove(type) ? "error" : null);
	}

	private void end(Description test, String outcome) {
		Span span = open.remove(test);
		outcomes.remove(test);
		if (span != null)
			spans.endTest(span, outcome);
	}

	private void fail(Description test) {
		if (open.containsKey(test)) {
			outcomes.put(test, "failed");
		} else {
			// @BeforeClass or @AfterClass, before or after which JUnit shows no test
			enter(test.getClassName());
			broken.add(test.getClassName());
		}
	}
}
