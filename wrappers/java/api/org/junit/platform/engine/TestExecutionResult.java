// What our listeners use of the JUnit Platform: they are compiled against this, so that the build needs only javac
package org.junit.platform.engine;

public abstract class TestExecutionResult {
	public enum Status { SUCCESSFUL, ABORTED, FAILED }

	public abstract Status getStatus();
}
