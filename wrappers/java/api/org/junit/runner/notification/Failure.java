// What our listeners use of JUnit 4: they are compiled against this, so that the build needs only javac
package org.junit.runner.notification;

import org.junit.runner.Description;

public abstract class Failure {
	public abstract Description getDescription();
}
