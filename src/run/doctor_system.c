/* Checks of the doctor that read files of the kernel: privilege, version, lockdown and more */
#include "run/doctor_system.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/util.h"
#include "run/host.h"

/* include/uapi/linux/capability.h */
#define CAP_SYS_ADMIN 21
#define CAP_PERFMON   38
#define CAP_BPF       39

/* Returns the first line of a file, or NULL; the caller frees it. */
static char *read_line(const char *path)
{
	char *text;

	if (read_file(path, &text, NULL) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* -- What a run depends on ----------------------------------------------------------------------- */

/*
 * Returns whether our namespace is the initial one, which has a fixed inode number
 * (PROC_PID_INIT_INO and others, include/linux/proc_ns.h).
 */
static bool is_first_namespace(const char *type, unsigned long inode)
{
	_cleanup_free_ char *path = xasprintf("/proc/self/ns/%s", type);
	_cleanup_free_ char *first = xasprintf("%s:[%lu]", type, inode);
	char target[64];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return true;
	target[n] = '\0';
	return streq(target, first);
}

static unsigned long long effective_capabilities(void)
{
	_cleanup_free_ char *status = NULL;
	const char *line;

	if (read_file("/proc/self/status", &status, NULL) < 0)
		return 0;
	line = strstr(status, "\nCapEff:");
	return line ? strtoull(line + strlen("\nCapEff:"), NULL, 16) : 0;
}

static bool check_privilege(struct diagnosis *diagnosis)
{
	static const char advice[] =
		"Run it as root, keeping the command's user: sudo latwrap -u \"$USER\" -- COMMAND. In a "
		"container, give it CAP_BPF and CAP_PERFMON, and a cgroup that it may write to, or "
		"--privileged.";
	unsigned long long have = effective_capabilities();
	bool admin = have >> CAP_SYS_ADMIN & 1;
	bool enough = admin || ((have >> CAP_BPF & 1) && (have >> CAP_PERFMON & 1));

	if (!enough) {
		diagnosis_add(diagnosis, "privilege", CHECK_MISSING,
			      xasprintf("uid %u, without CAP_BPF and CAP_PERFMON",
					(unsigned)geteuid()),
			      xstrdup(advice));
		return false;
	}
	/* bpf(2) requires the capabilities in the initial user namespace. */
	if (!is_first_namespace("user", 0xEFFFFFFDul)) {
		diagnosis_add(
			diagnosis, "privilege", CHECK_MISSING,
			xstrdup("root only in a user namespace, which is not enough for BPF"),
			xstrdup("Run it outside the user namespace: rootless containers have one."));
		return false;
	}
	diagnosis_add(diagnosis, "privilege", CHECK_OK,
		      xasprintf("uid %u, with %s", (unsigned)geteuid(),
				admin ? "CAP_SYS_ADMIN" : "CAP_BPF and CAP_PERFMON"),
		      NULL);
	return true;
}

/* For the reader only: distributions add newer features to old versions. What works is tried. */
static void describe_kernel(struct diagnosis *diagnosis)
{
	struct utsname name;

	diagnosis_add(diagnosis, "kernel", CHECK_OK,
		      uname(&name) < 0 ? xstrdup("its version is unknown")
				       : xasprintf("Linux %s on %s", name.release, name.machine),
		      NULL);
}

static void check_btf(struct diagnosis *diagnosis)
{
	static const char path[] = "/sys/kernel/btf/vmlinux";

	if (access(path, R_OK) == 0)
		diagnosis_add(diagnosis, "BTF", CHECK_OK, xstrdup(path), NULL);
	else
		diagnosis_add(
			diagnosis, "BTF", CHECK_MISSING, xasprintf("%s cannot be read", path),
			xstrdup("Use a kernel with CONFIG_DEBUG_INFO_BTF, as Debian's, Ubuntu's and "
				"Fedora's are, and mount sysfs."));
}

/* kernel_lockdown(7): "none [integrity] confidentiality", with the active mode in brackets */
static bool check_lockdown(struct diagnosis *diagnosis)
{
	_cleanup_free_ char *modes = read_line("/sys/kernel/security/lockdown");
	const char *mode = modes ? strchr(modes, '[') : NULL;

	if (!mode) {
		diagnosis_add(diagnosis, "lockdown", CHECK_OK,
			      xstrdup("none in /sys/kernel/security/lockdown"), NULL);
		return false;
	}
	mode++;
	if (startswith(mode, "confidentiality]")) {
		diagnosis_add(
			diagnosis, "lockdown", CHECK_MISSING,
			xstrdup("confidentiality: BPF may not read the kernel's memory"),
			xstrdup("Boot with lockdown=integrity, or without the lockdown= parameter."));
		return true;
	}
	diagnosis_add(diagnosis, "lockdown", CHECK_OK,
		      xasprintf("%.*s", (int)strcspn(mode, "]"), mode), NULL);
	return false;
}

void doctor_check_system(struct diagnosis *diagnosis, struct system_state *ret)
{
	ret->privileged = check_privilege(diagnosis);
	describe_kernel(diagnosis);
	check_btf(diagnosis);
	ret->confidential = check_lockdown(diagnosis);
}

/* -- What a run does not depend on ----------------------------------------------------------- */

/*
 * 0 allowed, 1 forbidden until reboot, 2 forbidden (Documentation/admin-guide/sysctl/kernel.rst).
 */
static void check_unprivileged_bpf(struct diagnosis *diagnosis)
{
	_cleanup_free_ char *value = read_line("/proc/sys/kernel/unprivileged_bpf_disabled");

	diagnosis_add(diagnosis, "unprivileged BPF", CHECK_OK,
		      !value ? xstrdup("unknown; tracing needs privilege anyway")
		      : streq(value, "0")
			      ? xstrdup("allowed, but not for tracing, which needs privilege")
			      : xasprintf("off (%s); tracing needs privilege anyway", value),
		      NULL);
}

static void check_steal(struct diagnosis *diagnosis)
{
	struct run_facts facts = {0};
	const char *hypervisor;

	host_read(&facts.host);
	hypervisor = facts.host.virtualization;
	if (facts.host.has_steal_clock)
		diagnosis_add(diagnosis, "steal clock", CHECK_OK,
			      xasprintf("the kernel counts what the hypervisor takes (%s)",
					hypervisor ? hypervisor : "unknown"),
			      NULL);
	else if (!hypervisor)
		diagnosis_add(diagnosis, "steal clock", CHECK_OK,
			      xstrdup("not needed: no hypervisor found"), NULL);
	else
		diagnosis_add(
			diagnosis, "steal clock", CHECK_OPTIONAL_MISSING,
			xasprintf(
				"nothing stolen since boot (%s): it is so, or there is no steal clock",
				hypervisor),
			xstrdup("You cannot change this inside the guest. Without the clock, only "
				"hiccups show what the hypervisor takes."));
	run_facts_done(&facts);
}

/*
 * The file exists with CONFIG_KALLSYMS. If kptr_restrict hides its addresses from readers, %ps in
 * BPF still gives the names.
 */
static void check_symbols(struct diagnosis *diagnosis)
{
	if (access("/proc/kallsyms", F_OK) == 0)
		diagnosis_add(diagnosis, "kernel symbols", CHECK_OK,
			      xstrdup("the kernel knows the names of its functions"), NULL);
	else
		diagnosis_add(
			diagnosis, "kernel symbols", CHECK_OPTIONAL_MISSING,
			xstrdup("there is no /proc/kallsyms"),
			xstrdup("Use a kernel with CONFIG_KALLSYMS. Without it, the report does not "
				"name the functions in which a file operation was blocked."));
}

const char *doctor_container(void)
{
	const char *said = getenv("container"); /* the container interface of systemd */

	if (getenv("KUBERNETES_SERVICE_HOST"))
		return "Kubernetes";
	if (said && *said)
		return said;
	if (access("/run/.containerenv", F_OK) == 0)
		return "Podman";
	return access("/.dockerenv", F_OK) == 0 ? "Docker" : NULL;
}

static void check_container(struct diagnosis *diagnosis)
{
	const char *kind = doctor_container();
	bool pid = !is_first_namespace("pid", 0xEFFFFFFCul);
	bool cgroup = !is_first_namespace("cgroup", 0xEFFFFFFBul);

	diagnosis_add(diagnosis, "container", CHECK_OK,
		      xasprintf("%s%s%s", kind ? kind : "none found",
				pid ? "; a PID namespace of its own" : "",
				cgroup ? "; a cgroup namespace of its own" : ""),
		      NULL);
}

void doctor_check_extras(struct diagnosis *diagnosis)
{
	check_steal(diagnosis);
	check_symbols(diagnosis);
	check_unprivileged_bpf(diagnosis);
	check_container(diagnosis);
}
