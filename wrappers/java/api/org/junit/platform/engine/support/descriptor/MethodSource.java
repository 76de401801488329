// What our listeners use of the JUnit Platform: they are compiled against this, so that the build needs only javac
package org.junit.platform.engine.support.descriptor;

import org.junit.platform.engine.TestSource;

public abstract class MethodSource implements TestSource {
	public abstract String getClassName();
}
