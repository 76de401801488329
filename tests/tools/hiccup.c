/* Makes a hiccup: switches the interrupts of one CPU off for a known, bounded time. */
#include <linux/bpf.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tool.h"

/*
 *   hiccup CPU DURATION
 *
 * Waits for a line on stdin between two hiccups; each answers {"from_ns", "to_ns"}, between which the CPU
 * took no interrupt. No user may switch interrupts off, but whoever may load BPF can have a program of
 * theirs run on another CPU, and the kernel does that from an inter-processor interrupt
 * (net/bpf/test_run.c bpf_prog_test_run_raw_tp()). The program copies memory until its time is over.
 */
#define MAX_HICCUP_NS (200 * NS_PER_MS)
#define COPY_BYTES    (1024 * 1024)
#define MAX_COPIES \
	4000 /* the verifier follows no more than 8192 jumps; 50 us or more each: 200 ms fit */

/* What the program writes, before what it copies. */
struct answer {
	uint64_t from_ns, to_ns;
	uint64_t copied[COPY_BYTES / 8];
};

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int create_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct answer),
		.max_entries = 1,
	};

	return (int)bpf(BPF_MAP_CREATE, &attr);
}

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV_REG(d, s)   INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i)   INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_REG(d, s)   INSN(BPF_ALU64 | BPF_ADD | BPF_X, d, s, 0, 0)
#define ADD_IMM(d, i)   INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define LOAD(d, s, o)   INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE(d, s, o)  INSN(BPF_STX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE_IMM(d, o) INSN(BPF_ST | BPF_MEM | BPF_W, d, 0, o, 0)
#define CALL(i)         INSN(BPF_JMP | BPF_CALL, 0, 0, 0, i)
#define EXIT            INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* r6: how long, then until when; r7: the answer; r8: copies made */
static int load_program(int map)
{
	const struct bpf_insn program[] = {
		LOAD(BPF_REG_6, BPF_REG_1, 0),
		STORE_IMM(BPF_REG_10, -4),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map),
		INSN(0, 0, 0, 0, 0),
		MOV_REG(BPF_REG_2, BPF_REG_10),
		ADD_IMM(BPF_REG_2, -4),
		CALL(BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 2, 0),
		MOV_IMM(BPF_REG_0, 0),
		EXIT,
		MOV_REG(BPF_REG_7, BPF_REG_0),
		MOV_IMM(BPF_REG_8, 0),
		CALL(BPF_FUNC_ktime_get_ns),
		STORE(BPF_REG_7, BPF_REG_0, offsetof(struct answer, from_ns)),
		ADD_REG(BPF_REG_6, BPF_REG_0),
		/* until the time is over */
		CALL(BPF_FUNC_ktime_get_ns),
		STORE(BPF_REG_7, BPF_REG_0, offsetof(struct answer, to_ns)),
		INSN(BPF_JMP | BPF_JGE | BPF_X, BPF_REG_0, BPF_REG_6, 7, 0),
		MOV_REG(BPF_REG_1, BPF_REG_7),
		ADD_IMM(BPF_REG_1, offsetof(struct answer, copied)),
		MOV_IMM(BPF_REG_2, COPY_BYTES),
		MOV_REG(BPF_REG_3, BPF_REG_1),
		CALL(BPF_FUNC_probe_read_kernel),
		ADD_IMM(BPF_REG_8, 1),
		INSN(BPF_JMP | BPF_JLT | BPF_K, BPF_REG_8, 0, -10, MAX_COPIES),
		MOV_IMM(BPF_REG_0, 0),
		EXIT,
	};
	static char log[1 << 16];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insn_cnt = sizeof(program) / sizeof(program[0]),
		.insns = (uintptr_t)program,
		.license = (uintptr_t) "GPL",
		.log_buf = (uintptr_t)log,
		.log_size = sizeof(log),
		.log_level = 4,
	};
	int fd = (int)bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		die("the verifier: %s", log);
	return fd;
}

static void make_hiccup(int program, int map, uint32_t cpu, uint64_t duration_ns)
{
	static struct answer answer;
	uint32_t key = 0;
	union bpf_attr run = {.test = {.prog_fd = (uint32_t)program,
				       .ctx_in = (uintptr_t)&duration_ns,
				       .ctx_size_in = sizeof(duration_ns),
				       .flags = BPF_F_TEST_RUN_ON_CPU,
				       .cpu = cpu}};
	union bpf_attr read = {
		.map_fd = (uint32_t)map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&answer,
	};

	if (bpf(BPF_PROG_TEST_RUN, &run) < 0 || bpf(BPF_MAP_LOOKUP_ELEM, &read) < 0)
		die("cannot run on cpu %u", cpu);
	if (answer.to_ns - answer.from_ns < duration_ns)
		die("%u copies take no %llu ns", MAX_COPIES, (unsigned long long)duration_ns);
	emit("{\"from_ns\": %llu, \"to_ns\": %llu}", (unsigned long long)answer.from_ns,
	     (unsigned long long)answer.to_ns);
}

int main(int argc, char **argv)
{
	uint64_t duration_ns;
	int cpu, map, program;
	char c;

	if (argc != 3)
		die("usage: hiccup CPU DURATION(<=200ms)");
	cpu = atoi(argv[1]);
	duration_ns = parse_ns(argv[2]);
	if (cpu < 0 || cpu > 1 || duration_ns == 0 || duration_ns > MAX_HICCUP_NS)
		die("out of bounds");
	/* On its own CPU the program would run with interrupts on. */
	pin_to_cpu(cpu == 0 ? 1 : 0);
	map = create_map();
	if (map < 0)
		die("cannot create a map");
	program = load_program(map);
	emit("ready");
	while (read(STDIN_FILENO, &c, 1) == 1)
		if (c == '\n')
			make_hiccup(program, map, (uint32_t)cpu, duration_ns);
	return 0;
}
