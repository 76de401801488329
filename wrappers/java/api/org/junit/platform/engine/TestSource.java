// What our listeners use of the JUnit Platform: they are compiled against this, so that the build needs only javac
package org.junit.platform.engine;

public interface TestSource {
}
