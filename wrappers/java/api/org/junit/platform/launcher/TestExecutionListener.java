// What our listeners use of the JUnit Platform: they are compiled against this, so that the build needs only javac
package org.junit.platform.launcher;

import org.junit.platform.engine.TestExecutionResult;

public interface TestExecutionListener {
	void testPlanExecutionStarted(TestPlan testPlan);

	void testPlanExecutionFinished(TestPlan testPlan);

	void executionStarted(TestIdentifier test);

	void executionFinished(TestIdentifier test, TestExecutionResult result);

	void executionSkipped(TestIdentifier test, String reason);
}
