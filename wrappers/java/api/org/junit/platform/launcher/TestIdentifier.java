// What our listeners use of the JUnit Platform: they are compiled against this, so that the build needs only javac
package org.junit.platform.launcher;

import java.util.Optional;

import org.junit.platform.engine.TestSource;

public abstract class TestIdentifier {
	public abstract Optional<String> getParentId();

	public abstract String getUniqueId();

	public abstract String getLegacyReportingName();

	public abstract Optional<TestSource> getSource();

	public abstract boolean isTest();
}
