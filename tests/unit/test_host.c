/* Tests of run/host, run/ci and run/pressure: what they parse, and what they find here */
#include "run/host.h"

#include <errno.h>
#include <unistd.h>

#include "base/util.h"
#include "run/ci.h"
#include "run/pressure.h"
#include "tap.h"

static void free_ci(struct ci_facts *ci)
{
	struct run_facts facts = {.ci = *ci};

	run_facts_done(&facts);
	*ci = (struct ci_facts){0};
}

static void test_cpu_list(void)
{
	is_u64(host_count_cpus("0\n"), 1);
	is_u64(host_count_cpus("0-3,5\n"), 5);
	is_u64(host_count_cpus("0-3,8-11,64"), 9);
	is_u64(host_count_cpus(""), 0);
	is_u64(host_count_cpus("3-1"), 0);
	is_u64(host_count_cpus("0-"), 0);
	is_u64(host_count_cpus("0x3"), 0);
	is_u64(host_count_cpus("0-4294967295"), 0);
}

static void is_model(const char *cpuinfo, const char *expected)
{
	_cleanup_free_ char *model = host_cpu_model(cpuinfo);

	if (expected)
		is_str(model, expected);
	else
		ok(!model);
}

static void test_cpu_model(void)
{
	is_model("processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC \nflags\t: fpu\n",
		 "AMD EPYC");
	is_model("processor\t: 0\ncpu\t\t: POWER9 (raw), altivec supported\n",
		 "POWER9 (raw), altivec supported");
	is_model("CPU implementer\t: 0x41\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\n",
		 "ARM Neoverse-N1");
	is_model("CPU implementer\t: 0x99\nCPU part\t: 0x123\n", "ARM implementer 0x99 part 0x123");
	is_model("model name\t:\nprocessor\t: 0\n", NULL);
	is_model("", NULL);
	is_model("no colon", NULL);
}

static void test_hypervisor(void)
{
	is_str(host_hypervisor_by_signature("KVMKVMKVM\0\0\0"), "kvm");
	is_str(host_hypervisor_by_signature("Microsoft Hv"), "microsoft");
	ok(!host_hypervisor_by_signature("GenuineIntel"));
	is_str(host_hypervisor_by_dmi("Microsoft Corporation", "Virtual Machine"), "microsoft");
	is_str(host_hypervisor_by_dmi("QEMU", "KVM Virtual Machine"), "kvm");
	is_str(host_hypervisor_by_dmi("QEMU", NULL), "qemu");
	is_str(host_hypervisor_by_dmi("Amazon EC2", "m7g.large"), "amazon");
	ok(!host_hypervisor_by_dmi("Amazon EC2", "m7g.metal"));
	ok(!host_hypervisor_by_dmi("Amazon EC2", "c8gd.metal-48xl"));
	ok(!host_hypervisor_by_dmi("LENOVO", "20XW"));
	ok(!host_hypervisor_by_dmi(NULL, NULL));
}

static void test_host(void)
{
	struct run_facts facts = {0};
	uint64_t start_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);

	host_read(&facts.host);
	tap_print_string("CPU", facts.host.cpu_model);
	tap_print_string("virtualization", facts.host.virtualization);
	printf("# %u of %u CPUs, steal clock %d, took %" PRIu64 " us\n", facts.host.cpus_allowed,
	       facts.host.cpus_online, facts.host.has_steal_clock,
	       (now_ns(CLOCK_PROCESS_CPUTIME_ID) - start_ns) / NSEC_PER_USEC);
	ok(facts.host.hostname);
	ok(facts.host.kernel);
	ok(facts.host.architecture);
	ok(facts.host.cpus_allowed > 0);
	ok(facts.host.cpus_allowed <= facts.host.cpus_online);
	ok(facts.host.memory_bytes > 1 << 20);
	run_facts_done(&facts);
}

static void is_expanded(const char *text, const char *expected)
{
	_cleanup_free_ char *value = ci_expand(text);

	if (expected)
		is_str(value, expected);
	else
		ok(!value);
}

static void test_ci_expand(void)
{
	char too_long[CI_VALUE_MAX_BYTES + 3];
	_cleanup_free_ char *value = NULL;

	clearenv();
	setenv("A", "one", 1);
	setenv("B_2", "two", 1);
	setenv("EMPTY", "", 1);
	is_expanded("$A", "one");
	is_expanded("$A/$B_2/x?$A", "one/two/x?one");
	is_expanded("$A$UNSET", NULL);
	is_expanded("$EMPTY", NULL);
	is_expanded("plain", "plain");

	setenv("A", "https://user:t@ken@host.example/a@b", 1);
	is_expanded("$A", "https://host.example/a@b");
	setenv("A", "https://host.example/a@b?c://d@e", 1);
	is_expanded("$A", "https://host.example/a@b?c://d@e");
	setenv("A", "git@host.example:a/b.git", 1);
	is_expanded("$A", "git@host.example:a/b.git");
	setenv("A", "ssh://git@host.example", 1);
	is_expanded("$A", "ssh://host.example");
	setenv("A", "caf\xe9", 1);
	is_expanded("$A", "caf\xef\xbf\xbd");

	/* A two-byte character across the limit goes as a whole. */
	memset(too_long, 'x', sizeof(too_long));
	memcpy(too_long + CI_VALUE_MAX_BYTES - 1, "\xc3\xa9", 3);
	setenv("A", too_long, 1);
	value = ci_expand("$A");
	is_u64(strlen(value), CI_VALUE_MAX_BYTES - 1);
	clearenv();
}

static void test_ci_read(void)
{
	struct ci_facts ci;

	clearenv();
	ci_read(&ci);
	ok(!ci.provider);

	setenv("CI", "false", 1);
	ci_read(&ci);
	ok(!ci.provider);

	setenv("CI", "true", 1);
	ci_read(&ci);
	is_str(ci.provider, "generic");
	ok(!ci.run);
	free_ci(&ci);

	setenv("GITHUB_ACTIONS", "true", 1);
	setenv("GITHUB_SERVER_URL", "https://github.com", 1);
	setenv("GITHUB_REPOSITORY", "octo/cat", 1);
	setenv("GITHUB_REF_NAME", "7/merge", 1);
	setenv("GITHUB_HEAD_REF", "", 1);
	setenv("GITHUB_RUN_ID", "12", 1);
	ci_read(&ci);
	is_str(ci.provider, "github-actions");
	is_str(ci.repository, "octo/cat");
	ok(!ci.sha);
	is_str(ci.branch, "7/merge");
	is_str(ci.run, "12");
	is_str(ci.url, "https://github.com/octo/cat/actions/runs/12");
	free_ci(&ci);

	setenv("GITHUB_HEAD_REF", "topic", 1);
	setenv("GITHUB_RUN_ATTEMPT", "2", 1);
	ci_read(&ci);
	is_str(ci.branch, "topic");
	is_str(ci.attempt, "2");
	is_str(ci.url, "https://github.com/octo/cat/actions/runs/12/attempts/2");
	free_ci(&ci);
	clearenv();

	setenv("TF_BUILD", "True", 1);
	setenv("SYSTEM_COLLECTIONURI", "https://dev.azure.com/o/", 1);
	setenv("SYSTEM_TEAMPROJECTID", "guid", 1);
	setenv("BUILD_BUILDID", "5", 1);
	ci_read(&ci);
	is_str(ci.provider, "azure-pipelines");
	is_str(ci.url, "https://dev.azure.com/o/guid/_build/results?buildId=5");
	free_ci(&ci);
	clearenv();
}

static void test_pressure_parse(void)
{
	struct pressure_pair pair;
	struct cpu_ticks ticks = {0};

	is_int(pressure_parse("some avg10=12.36 avg60=8.99 avg300=7.16 total=72536446\n"
			      "full avg10=0.00 avg60=0.00 avg300=0.00 total=9390735\n",
			      &pair),
	       0);
	ok(pair.known);
	is_u64(pair.some_ns, 72536446000);
	is_u64(pair.full_ns, 9390735000);

	/* "some" alone: cpu before 5.13 */
	is_int(pressure_parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=0", &pair), 0);
	ok(pair.known);
	is_u64(pair.some_ns, 0);
	is_u64(pair.full_ns, 0);

	/* A total must be of its own line, a number, and no longer than 584 years. */
	is_int(pressure_parse("some avg10=0.00\nfull avg10=0.00 total=5\n", &pair), -EINVAL);
	ok(!pair.known);
	is_u64(pair.full_ns, 0);
	is_int(pressure_parse("some total=-5\n", &pair), -EINVAL);
	is_int(pressure_parse("some total=18446744073709551615\n", &pair), -EINVAL);
	is_int(pressure_parse("", &pair), -EINVAL);

	is_int(pressure_parse_ticks("cpu  66071 9 18402 360357 1267 20 238 1653 8 8\ncpu0 1\n",
				    &ticks),
	       0);
	is_u64(ticks.busy, 66071 + 9 + 18402 + 20 + 238);
	is_u64(ticks.idle, 360357 + 1267);
	is_u64(ticks.steal, 1653);
	is_int(pressure_parse_ticks("cpu  1 2 3 4 5 6 7\n", &ticks), -EINVAL);
	is_int(pressure_parse_ticks("cpu0 1 2 3 4 5 6 7 8\n", &ticks), -EINVAL);
	is_int(pressure_parse_ticks("cpu  1 2 3 4 5 6 7 99999999999999999999\n", &ticks), -EINVAL);
	is_int(pressure_parse_ticks("", &ticks), -EINVAL);
}

static const char *const not_cpus[] = {
	"",
	"cpu  1",
	"x\ncpu0 1 2 3 4 5 6 7 8",
	"x\ncpu0 1 2 3 4 5 6 7\n",
	"x\ncpu 1 2 3 4 5 6 7 8 9\n",
	"x\ncpu4294967296 1 2 3 4 5 6 7 8\n",
	"x\ncpu99999999999999999999 1 2 3 4 5 6 7 8\n",
	"x\ncpufreq 1 2 3 4 5 6 7 8\n",
};

/* One line for each CPU that is online; the text may end within a line. */
static void test_cpus(void)
{
	const char *text = "cpu  9 9 9 9 9 9 9 9 9 9\n"
			   "cpu0 1 2 3 4 5 6 7 8 9 10\ncpu7 10 0 0 3 2 0 0 1 0 0\nintr 5 5\n";
	struct cpu_ticks ticks;
	unsigned cpu;

	is_int(pressure_parse_cpu(&text, &cpu, &ticks), 0);
	is_u64(cpu, 0);
	is_u64(ticks.busy, 1 + 2 + 3 + 6 + 7);
	is_int(pressure_parse_cpu(&text, &cpu, &ticks), 0);
	is_u64(cpu, 7);
	is_u64(ticks.busy, 10);
	is_u64(ticks.idle, 5);
	is_int(pressure_parse_cpu(&text, &cpu, &ticks), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(not_cpus); i++) {
		text = not_cpus[i];
		okf(pressure_parse_cpu(&text, &cpu, &ticks) == -EINVAL, "'%s'", not_cpus[i]);
		ok(text == not_cpus[i]);
	}
}

static void write_text(const char *path, const char *text)
{
	_cleanup_fclose_ FILE *file = fopen(path, "we");

	if (file)
		fputs(text, file);
}

static void test_pressure_of_cgroup(void)
{
	char dir[] = "/tmp/test-pressure-XXXXXX";
	_cleanup_free_ char *cpu = NULL;
	struct pressure_sample start;
	struct pressure_facts facts;

	ok(mkdtemp(dir));
	cpu = xasprintf("%s/cpu.pressure", dir);
	write_text(cpu, "some avg10=0 total=10\nfull avg10=0 total=4\n");
	is_int(pressure_start(dir, &start), 0);
	ok(start.of_cgroup);
	ok(!start.io.known);

	write_text(cpu, "some avg10=0 total=17\nfull avg10=0 total=5\n");
	pressure_stop(&start, dir, &facts);
	ok(facts.of_cgroup);
	ok(facts.cpu.known);
	is_u64(facts.cpu.some_ns, 7000);
	is_u64(facts.cpu.full_ns, 1000);
	ok(!facts.io.known);
	ok(!facts.memory.known);

	/* Smaller than at the start, and gone: not known, rather than huge or the system's */
	write_text(cpu, "some avg10=0 total=1\n");
	pressure_stop(&start, dir, &facts);
	ok(!facts.cpu.known);
	unlink(cpu);
	pressure_stop(&start, dir, &facts);
	ok(!facts.cpu.known);
	ok(facts.of_cgroup);

	/* No such files: the system's, or none at all */
	if (pressure_start(dir, &start) == 0) {
		ok(!start.of_cgroup);
		pressure_stop(&start, dir, &facts);
		ok(!facts.of_cgroup);
		ok(facts.cpu.known);
	}
	pressure_start(NULL, &start);
	ok(!start.of_cgroup);
	rmdir(dir);
}

int main(void)
{
	test_cpu_list();
	test_cpu_model();
	test_hypervisor();
	test_host();
	test_ci_expand();
	test_ci_read();
	test_pressure_parse();
	test_cpus();
	test_pressure_of_cgroup();
	return tap_done();
}
