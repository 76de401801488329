// What our listeners use of Maven: they are compiled against this, so that the build needs only javac
package org.apache.maven.execution;

public interface MojoExecutionListener {
	void beforeMojoExecution(MojoExecutionEvent event);

	void afterMojoExecutionSuccess(MojoExecutionEvent event);

	void afterExecutionFailure(MojoExecutionEvent event);
}
