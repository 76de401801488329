// What our listeners use of Maven: they are compiled against this, so that the build needs only javac
package org.apache.maven.plugin;

public interface Mojo {
}
