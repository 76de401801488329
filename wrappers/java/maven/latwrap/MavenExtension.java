// Lets the tests that Surefire and Failsafe start find our listeners; Maven loads it by -Dmaven.ext.class.path
package latwrap;

import java.io.File;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

import org.apache.maven.execution.MojoExecutionEvent;
import org.apache.maven.execution.MojoExecutionListener;

/**
 * The plugins' classes are not visible here: their public getters and setters are called by name. It must not change
 * any build: on any error, it stops silently.
 */
public class MavenExtension implements MojoExecutionListener {
	private static final String OPTIONS = "MAVEN_OPTS";

	@Override
	public void beforeMojoExecution(MojoExecutionEvent event) {
		try {
			Object mojo = event.getMojo();
			if (System.getenv("LATWRAP_SOCKET") != null && isOfSurefire(mojo.getClass()))
				prepare(mojo);
		} catch (ReflectiveOperationException | URISyntaxException | RuntimeException error) {
			// The tests have no names.
		}
	}

	@Override
	public void afterMojoExecutionSuccess(MojoExecutionEvent event) {
	}

	@Override
	public void afterExecutionFailure(MojoExecutionEvent event) {
	}

	private static boolean isOfSurefire(Class<?> type) {
		while (type != null && !type.getName().endsWith(".AbstractSurefireMojo"))
			type = type.getSuperclass();
		return type != null;
	}

	private static void prepare(Object mojo) throws ReflectiveOperationException, URISyntaxException {
		File own = new File(MavenExtension.class.getProtectionDomain().getCodeSource().getLocation().toURI());
		append(mojo, "AdditionalClasspathElements", new File(own.getParentFile(), "tests").getPath());
		if (usesJUnit4((Map<?, ?>) get(mojo, "ProjectArtifactMap")))
			addListener(mojo);
		leaveEnvironment(mojo, own.getPath());
	}

	/** Other providers load a listener of a class that they do not know. */
	private static boolean usesJUnit4(Map<?, ?> artifacts) {
		boolean found = false;
		for (Object key : artifacts.keySet()) {
			String name = key.toString();
			if (name.startsWith("org.testng:") || name.startsWith("org.junit."))
				return false;
			found |= name.startsWith("junit:");
		}
		return found;
	}

	private static void addListener(Object mojo) throws ReflectiveOperationException {
		Properties properties = (Properties) get(mojo, "Properties");
		Properties changed = new Properties();
		if (properties != null)
			changed.putAll(properties);
		String others = changed.getProperty("listener");
		changed.setProperty("listener", (others == null ? "" : others + ",") + "latwrap.JUnit4Listener");
		set(mojo, "Properties", changed);
	}

	/**
	 * Tests have the environment that they would have without us; before Surefire 3, a variable can only be emptied.
	 * mvn puts .mvn/jvm.config before the options, and tests see both only if the user set the variable: then a blank
	 * follows our option.
	 */
	private static void leaveEnvironment(Object mojo, String own) throws ReflectiveOperationException {
		String options = System.getenv(OPTIONS);
		String option = "-Dmaven.ext.class.path=" + own;
		Map<String, String> variables = new HashMap<>();
		Map<?, ?> given = (Map<?, ?>) get(mojo, "EnvironmentVariables");
		if (options == null || (given != null && given.containsKey(OPTIONS)))
			return;
		boolean isOurs = options.endsWith(option);
		if (isOurs && setter(mojo, "ExcludedEnvironmentVariables") != null) {
			append(mojo, "ExcludedEnvironmentVariables", OPTIONS);
			return;
		}
		if (given != null)
			given.forEach((name, value) -> variables.put((String) name, (String) value));
		variables.put(OPTIONS, isOurs ? "" : options.replace(option + " ", ""));
		set(mojo, "EnvironmentVariables", variables);
	}

	// -- The plugin's parameters -------------------------------------------------------------------------------------

	private static Object get(Object mojo, String name) throws ReflectiveOperationException {
		for (Class<?> type = mojo.getClass(); type != null; type = type.getSuperclass())
			for (Method method : type.getDeclaredMethods())
				if (method.getName().equals("get" + name) && method.getParameterCount() == 0) {
					method.setAccessible(true);
					return method.invoke(mojo);
				}
		throw new NoSuchMethodException(name);
	}

	private static Method setter(Object mojo, String name) {
		for (Class<?> type = mojo.getClass(); type != null; type = type.getSuperclass())
			for (Method method : type.getDeclaredMethods())
				if (method.getName().equals("set" + name) && method.getParameterCount() == 1) {
					method.setAccessible(true);
					return method;
				}
		return null;
	}

	private static void set(Object mojo, String name, Object value) throws ReflectiveOperationException {
		Method method = setter(mojo, name);
		if (method == null)
			throw new NoSuchMethodException(name);
		method.invoke(mojo, value);
	}

	/** Appends to a list, which is an array in newer versions. */
	private static void append(Object mojo, String name, String value) throws ReflectiveOperationException {
		Object given = get(mojo, name);
		List<Object> values = new ArrayList<>();
		if (given instanceof Object[])
			values.addAll(Arrays.asList((Object[]) given));
		else if (given != null)
			values.addAll((Collection<?>) given);
		values.add(value);
		Method method = setter(mojo, name);
		if (method == null)
			throw new NoSuchMethodException(name);
		boolean isArray = method.getParameterTypes()[0].isArray();
		method.invoke(mojo, isArray ? values.toArray((Object[]) Array.newInstance(String.class, 0)) : values);
	}
}
