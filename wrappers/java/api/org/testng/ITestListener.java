// What our listeners use of TestNG: they are compiled against this, so that the build needs only javac
package org.testng;

public interface ITestListener extends ITestNGListener {
	void onTestStart(ITestResult test);

	void onTestSuccess(ITestResult test);

	void onTestFailure(ITestResult test);

	void onTestSkipped(ITestResult test);

	void onTestFailedButWithinSuccessPercentage(ITestResult test);

	void onStart(ITestContext context);

	void onFinish(ITestContext context);
}
