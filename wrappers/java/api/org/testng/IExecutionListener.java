// What our listeners use of TestNG: they are compiled against this, so that the build needs only javac
package org.testng;

public interface IExecutionListener extends ITestNGListener {
	void onExecutionStart();

	void onExecutionFinish();
}
