// What our listeners use of Maven: they are compiled against this, so that the build needs only javac
package org.apache.maven.execution;

import org.apache.maven.plugin.Mojo;

public abstract class MojoExecutionEvent {
	public abstract Mojo getMojo();
}
