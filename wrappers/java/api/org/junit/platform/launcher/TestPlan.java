// What our listeners use of the JUnit Platform: they are compiled against this, so that the build needs only javac
package org.junit.platform.launcher;

import java.util.Optional;

public abstract class TestPlan {
	public abstract Optional<TestIdentifier> getParent(TestIdentifier child);
}
