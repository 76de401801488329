// What our listeners use of JUnit 4: they are compiled against this, so that the build needs only javac
package org.junit.runner.notification;

import org.junit.runner.Description;
import org.junit.runner.Result;

public class RunListener {
	public void testStarted(Description test) {
	}

	public void testFinished(Description test) {
	}

	public void testFailure(Failure failure) {
	}

	public void testAssumptionFailure(Failure failure) {
	}

	public void testIgnored(Description test) {
	}

	public void testSuiteFinished(Description suite) {
	}

	public void testRunFinished(Result result) {
	}
}
