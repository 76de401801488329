// What our listeners use of TestNG: they are compiled against this, so that the build needs only javac
package org.testng;

public interface IConfigurationListener extends ITestNGListener {
	void onConfigurationSuccess(ITestResult fixture);

	void onConfigurationFailure(ITestResult fixture);

	void onConfigurationSkip(ITestResult fixture);
}
