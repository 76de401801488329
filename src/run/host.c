/* Read facts about the machine: kernel, CPUs, memory and hypervisor */
#include "run/host.h"

#include <errno.h>
#include <sched.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "base/utf8.h"
#include "base/util.h"
#include "run/pressure.h"

/* No kernel supports more CPUs (CONFIG_NR_CPUS). */
#define CPUS_MAX 65536

/* -- Text -------------------------------------------------------------------------------------- */

/* Returns the text as valid UTF-8, without blanks at both ends; NULL if nothing remains. */
static char *tidy(const char *s, size_t n)
{
	while (n > 0 && strchr(" \t\n", s[0])) {
		s++;
		n--;
	}
	while (n > 0 && strchr(" \t\n", s[n - 1]))
		n--;
	return n > 0 ? utf8_sanitize(s, n, NULL) : NULL;
}

/* Reads a file up to its first NUL: in the device tree, a NUL ends each string. */
static char *read_text(const char *path)
{
	_cleanup_free_ char *text = NULL;

	if (read_file(path, &text, NULL) < 0)
		return NULL;
	return tidy(text, strlen(text));
}

/* Returns the value of the first line "KEY<blanks>: VALUE", or NULL. */
static char *field(const char *text, const char *key)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *p = startswith(line, key);

		if (!p)
			continue;
		p += strspn(p, " \t");
		if (*p == ':')
			return tidy(p + 1, strcspn(p + 1, "\n"));
	}
	return NULL;
}

/*
 * Parses the digits at *p and moves *p behind them. Returns false if there are none or the number
 * is too large for a CPU.
 */
static bool parse_cpu(const char **p, uint64_t *ret)
{
	return take_u64(p, ret) == 0 && *ret < CPUS_MAX;
}

unsigned host_count_cpus(const char *list)
{
	uint64_t count = 0;

	for (const char *p = list; *p && *p != '\n'; p += *p == ',') {
		uint64_t first, last;

		if (!parse_cpu(&p, &first))
			return 0;
		last = first;
		if (*p == '-') {
			p++;
			if (!parse_cpu(&p, &last))
				return 0;
		}
		if (last < first || (*p && !strchr(",\n", *p)))
			return 0;
		count += last - first + 1;
	}
	return count <= CPUS_MAX ? (unsigned)count : 0;
}

/* -- The CPU's name ---------------------------------------------------------------------------- */

/* Numbers of arch/arm64/include/asm/cputype.h, names of lscpu(1) */
static const struct {
	const char *implementer, *part, *name;
} arm_cpus[] = {
	{"0x41", "0xd03", "ARM Cortex-A53"},
	{"0x41", "0xd05", "ARM Cortex-A55"},
	{"0x41", "0xd07", "ARM Cortex-A57"},
	{"0x41", "0xd08", "ARM Cortex-A72"},
	{"0x41", "0xd0b", "ARM Cortex-A76"},
	{"0x41", "0xd0c", "ARM Neoverse-N1"},
	{"0x41", "0xd40", "ARM Neoverse-V1"},
	{"0x41", "0xd49", "ARM Neoverse-N2"},
	{"0x41", "0xd4f", "ARM Neoverse-V2"},
	{"0x43", "0x0af", "Cavium ThunderX2"},
	{"0x46", "0x001", "Fujitsu A64FX"},
	{"0x48", "0xd01", "HiSilicon TSV110"},
	{"0x6d", "0xd49", "Microsoft Azure Cobalt 100"},
	{"0xc0", "0xac3", "Ampere-1"},
	{"0xc0", "0xac4", "Ampere-1a"},
};

char *host_cpu_model(const char *cpuinfo)
{
	/* For x86 and 32-bit ARM, LoongArch, MIPS, RISC-V, POWER */
	static const char *const keys[] = {"model name", "Model Name", "cpu model", "uarch", "cpu"};
	_cleanup_free_ char *implementer = NULL, *part = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char *name = field(cpuinfo, keys[i]);

		if (name)
			return name;
	}
	implementer = field(cpuinfo, "CPU implementer");
	part = field(cpuinfo, "CPU part");
	if (!implementer || !part)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(arm_cpus); i++) {
		if (streq(arm_cpus[i].implementer, implementer) && streq(arm_cpus[i].part, part))
			return xstrdup(arm_cpus[i].name);
	}
	return xasprintf("ARM implementer %s part %s", implementer, part);
}

static char *read_cpuinfo_model(void)
{
	_cleanup_free_ char *cpuinfo = NULL;
	char *name = NULL;

	if (read_file("/proc/cpuinfo", &cpuinfo, NULL) == 0)
		name = host_cpu_model(cpuinfo);
	return name ? name : read_text("/proc/device-tree/model");
}

#if defined(__x86_64__) || defined(__i386__)
/*
 * Returns the "model name" of /proc/cpuinfo (get_model_name(), arch/x86/kernel/cpu/common.c), but
 * from the CPUID instruction: before Linux 5.19, opening the file takes 10 ms or more, to measure
 * the frequency of each CPU (arch_freq_prepare_all(), aperfmperf.c).
 */
static char *read_cpu_model(void)
{
	unsigned words[12];

	if ((unsigned)__get_cpuid_max(0x80000000, NULL) < 0x80000004)
		return read_cpuinfo_model();
	for (unsigned leaf = 0; leaf < 3; leaf++) {
		unsigned *w = words + (size_t)4 * leaf;

		__cpuid(0x80000002 + leaf, w[0], w[1], w[2], w[3]);
	}
	return tidy((const char *)words, strnlen((const char *)words, sizeof(words)));
}
#else
static char *read_cpu_model(void)
{
	return read_cpuinfo_model();
}
#endif

/* -- The hypervisor ---------------------------------------------------------------------------- */

const char *host_hypervisor_by_signature(const char signature[12])
{
	/*
	 * Documentation/virt/kvm/x86/cpuid.rst, and the hypervisors of
	 * arch/x86/kernel/cpu/hypervisor.c
	 */
	static const struct {
		char signature[13];
		const char *name;
	} known[] = {
		{"KVMKVMKVM\0\0\0", "kvm"},       {"Linux KVM Hv", "kvm"},
		{"Microsoft Hv", "microsoft"},    {"VMwareVMware", "vmware"},
		{"XenVMMXenVMM", "xen"},          {"TCGTCGTCGTCG", "qemu"},
		{"VBoxVBoxVBox", "oracle"},       {"bhyve bhyve ", "bhyve"},
		{"ACRNACRNACRN", "acrn"},         {" lrpepyh  vr", "parallels"},
		{"Jailhouse\0\0\0", "jailhouse"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (memcmp(known[i].signature, signature, 12) == 0)
			return known[i].name;
	}
	return NULL;
}

const char *host_hypervisor_by_dmi(const char *vendor, const char *product)
{
	static const struct {
		const char *prefix, *name;
	} known[] = {
		{"KVM", "kvm"},
		{"OpenStack", "kvm"},
		{"KubeVirt", "kvm"},
		{"QEMU", "qemu"},
		{"Amazon EC2", "amazon"},
		{"Google Compute Engine", "google"},
		{"VMware", "vmware"},
		{"VMW", "vmware"},
		{"innotek GmbH", "oracle"},
		{"VirtualBox", "oracle"},
		{"Xen", "xen"},
		{"Bochs", "bochs"},
		{"Parallels", "parallels"},
		{"BHYVE", "bhyve"},
		{"Hyper-V", "microsoft"},
		{"Virtual Machine", "microsoft"},
		{"Apple Virtualization", "apple"},
	};
	const char *const names[] = {product, vendor};

	/* Bare-metal machines of Amazon have the same vendor: "m7g.metal", "c7gd.metal-48xl". */
	if (product && strstr(product, ".metal"))
		return NULL;
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		for (size_t i = 0; names[n] && i < ARRAY_SIZE(known); i++) {
			if (startswith(names[n], known[i].prefix))
				return known[i].name;
		}
	}
	return NULL;
}

/* Virtual machines with firmware have DMI on all architectures. */
static const char *read_dmi(void)
{
	_cleanup_free_ char *vendor = read_text("/sys/class/dmi/id/sys_vendor");
	_cleanup_free_ char *product = read_text("/sys/class/dmi/id/product_name");

	return host_hypervisor_by_dmi(vendor, product);
}

#if defined(__x86_64__) || defined(__i386__)
/* Reads the CPUID signature, which tells more than the bit "hypervisor" of /proc/cpuinfo. */
static const char *ask_hardware(void)
{
	unsigned eax, ebx, ecx, edx, words[3];
	const char *name;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & (1u << 31)))
		return NULL;
	__cpuid(0x40000000, eax, words[0], words[1], words[2]);
	name = host_hypervisor_by_signature((const char *)words);
	if (!name)
		name = read_dmi();
	return name ? name : "other";
}
#else
static const char *ask_hardware(void)
{
	_cleanup_free_ char *tree = read_text("/proc/device-tree/hypervisor/compatible");

	if (tree && streq(tree, "linux,kvm"))
		return "kvm";
	if (tree && startswith(tree, "xen"))
		return "xen";
	if (tree && startswith(tree, "vmware"))
		return "vmware";
	return tree ? "other" : read_dmi();
}
#endif

static char *read_virtualization(void)
{
	const char *name = ask_hardware();

	/*
	 * For paravirtualized guests of Xen, Dom0 included: their CPUID may be that of the
	 * hardware.
	 */
	return name ? xstrdup(name) : read_text("/sys/hypervisor/type");
}

/* -- Counts ------------------------------------------------------------------------------------ */

static unsigned read_cpus_online(void)
{
	_cleanup_free_ char *list = read_text("/sys/devices/system/cpu/online");
	unsigned count = list ? host_count_cpus(list) : 0;
	long configured;

	if (count > 0)
		return count;
	configured = sysconf(_SC_NPROCESSORS_ONLN);
	return configured > 0 ? (unsigned)configured : 0;
}

static unsigned read_cpus_allowed(void)
{
	/* EINVAL: the mask of the kernel is longer than ours (sched_setaffinity(2)). */
	for (int cpus = 1024; cpus <= CPUS_MAX; cpus *= 2) {
		size_t size_bytes = CPU_ALLOC_SIZE(cpus);
		_cleanup_free_ cpu_set_t *set = xcalloc(1, size_bytes);

		if (sched_getaffinity(0, size_bytes, set) == 0)
			return (unsigned)CPU_COUNT_S(size_bytes, set);
		if (errno != EINVAL)
			break;
	}
	return 0;
}

static bool read_has_steal_clock(void)
{
	_cleanup_free_ char *stat = NULL;
	struct cpu_ticks ticks;

	return read_file("/proc/stat", &stat, NULL) == 0 &&
	       pressure_parse_ticks(stat, &ticks) == 0 && ticks.steal > 0;
}

void host_read(struct host_facts *ret)
{
	struct utsname names;
	struct sysinfo memory;

	*ret = (struct host_facts){0};
	if (uname(&names) == 0) {
		ret->hostname = tidy(names.nodename, strlen(names.nodename));
		ret->kernel = tidy(names.release, strlen(names.release));
		ret->architecture = tidy(names.machine, strlen(names.machine));
	}
	ret->cpu_model = read_cpu_model();
	ret->virtualization = read_virtualization();
	ret->cpus_online = read_cpus_online();
	ret->cpus_allowed = read_cpus_allowed();
	/*
	 * totalram is MemTotal of /proc/meminfo (both from si_meminfo()), but the kernel prints
	 * that file more slowly.
	 */
	if (sysinfo(&memory) == 0)
		ret->memory_bytes = (uint64_t)memory.totalram * memory.mem_unit;
	ret->has_steal_clock = read_has_steal_clock();
}
