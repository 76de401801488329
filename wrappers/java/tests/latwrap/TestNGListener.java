// Reports each test of TestNG to latwrap; TestNG finds it as a service
package latwrap;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.testng.IConfigurationListener;
import org.testng.IExecutionListener;
import org.testng.ITestContext;
import org.testng.ITestListener;
import org.testng.ITestResult;

import latwrap.LatwrapListener.Span;
import latwrap.LatwrapListener.Spans;

/** It must not change any test: on any error, it stops silently. */
public class TestNGListener implements ITestListener, IConfigurationListener, IExecutionListener {
	private final Spans spans = Spans.isInTest() ? null : Spans.of("testng");
	private final Map<ITestResult, Span> open = new ConcurrentHashMap<>();

	@Override
	public void onTestStart(ITestResult test) {
		// Tests that a test starts usually fail on purpose.
		if (spans != null && !Spans.isInTest())
			Spans.safely(() -> open.put(test, spans.beginTest(name(test), null)));
	}

	@Override
	public void onTestSuccess(ITestResult test) {
		end(test, "passed");
	}

	@Override
	public void onTestFailure(ITestResult test) {
		end(test, "failed");
	}

	@Override
	public void onTestFailedButWithinSuccessPercentage(ITestResult test) {
		end(test, "failed");
	}

	/** A test that failed and will be tried again is skipped, for TestNG; so is a test whose fixture failed. */
	@Override
	public void onTestSkipped(ITestResult test) {
		Throwable error = test.getThrowable();
		boolean wasTried = open.containsKey(test) && error != null && !error.getClass().getName().endsWith("SkipException");
		if (!open.containsKey(test))
			onTestStart(test);
		end(test, wasTried ? "failed" : "skipped");
	}

	@Override
	public void onConfigurationFailure(ITestResult fixture) {
		if (spans != null)
			Spans.safely(() -> spans.endGroup(spans.beginGroup(name(fixture), null), "error"));
	}

	@Override
	public void onExecutionFinish() {
		if (spans != null)
			Spans.safely(spans::finish);
	}

	@Override
	public void onConfigurationSuccess(ITestResult fixture) {
	}

	@Override
	public void onConfigurationSkip(ITestResult fixture) {
	}

	@Override
	public void onStart(ITestContext context) {
	}

	@Override
	public void onFinish(ITestContext context) {
	}

	@Override
	public void onExecutionStart() {
	}

	private void end(ITestResult test, String outcome) {
		Spans.safely(() -> {
			Span span = open.remove(test);
			if (span != null)
				spans.endTest(span, outcome);
		});
	}

	private static String name(ITestResult test) {
		StringBuilder parameters = new StringBuilder();
		for (Object parameter : test.getParameters())
			parameters.append(parameters.length() == 0 ? "" : ", ").append(text(parameter));
		return test.getTestClass().getName() + "." + test.getMethod().getMethodName() + (parameters.length() == 0 ? "" : "(" + parameters + ")");
	}

	private static String text(Object parameter) {
		try {
			return String.valueOf(parameter);
		} catch (Throwable error) {
			return "?";
		}
	}
}
