/* Keeps a CPU busy with incoming packets, in soft interrupts or in a kernel thread, for a known time. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tool.h"

/*
 *   flood softirq CPU DURATION
 *   flood kthread CPU DURATION
 *
 * Each packet is a broadcast to many sockets, so that taking it in takes far longer than sending it. All of
 * it happens in a network namespace of its own.
 *
 * softirq: sent over loopback, as SCHED_FIFO. The kernel takes it in from a soft interrupt on the same CPU,
 * before sendto(2) returns.
 * kthread: written into a tun device from another CPU. The device's NAPI has a kernel thread of its own
 * (Documentation/networking/napi.rst, "Threaded NAPI"), which becomes SCHED_FIFO on that CPU.
 */
#define SOCKETS      400
#define PORT         40404
#define PRIORITY     50
#define DEVICE       "flood"
#define BACKLOG      (64 * 1024) /* of what packets take in the kernel: some 80 of them */
#define WARM_UP      100
#define MAX_FLOOD_NS (400 * NS_PER_MS)

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1, least = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)) < 0)
		die("socket");
	return fd;
}

static void open_receivers(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct rlimit files = {SOCKETS + 64, SOCKETS + 64};

	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < SOCKETS; i++)
		if (bind(open_socket(), (struct sockaddr *)&any, sizeof(any)) < 0)
			die("bind");
}

static void set_up(const char *device, const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct ifreq request = {0};
	int fd = open_socket();

	strcpy(request.ifr_name, device);
	if (address) {
		to.sin_addr.s_addr = inet_addr(address);
		memcpy(&request.ifr_addr, &to, sizeof(to));
		if (ioctl(fd, SIOCSIFADDR, &request) < 0)
			die("address of %s", device);
	}
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		die("cannot set %s up", device);
	close(fd);
}

/* -- Soft interrupts ------------------------------------------------------------------------------ */

static int loopback_fd;
static struct sockaddr_in loopback = {.sin_family = AF_INET};

static void prepare_loopback(int cpu)
{
	set_up("lo", NULL);
	loopback_fd = open_socket();
	loopback.sin_port = htons(PORT);
	loopback.sin_addr.s_addr = inet_addr("127.255.255.255");
	set_fifo(PRIORITY, 0);
	pin_to_cpu(cpu);
}

static void send_to_loopback(void)
{
	char data[64] = "";

	if (sendto(loopback_fd, data, sizeof(data), 0, (struct sockaddr *)&loopback,
		   sizeof(loopback)) < 0 &&
	    errno != ENOBUFS)
		die("sendto");
}

/* -- The kernel thread ---------------------------------------------------------------------------- */

static int tun_fd;
static struct {
	struct iphdr ip;
	struct udphdr udp;
	char data[64];
} packet;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("cannot write %s", path);
	close(fd);
}

/* Only this mount of sysfs shows the devices of our network namespace. */
static void make_threaded(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		die("cannot mount sysfs");
	write_file("/sys/class/net/" DEVICE "/threaded", "1");
}

static pid_t find_thread(const char *beginning)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc))) {
		char path[64], comm[64] = "";
		FILE *f;

		if (atoi(entry->d_name) == 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		f = fopen(path, "re");
		if (f && fgets(comm, sizeof(comm), f) &&
		    strncmp(comm, beginning, strlen(beginning)) == 0)
			return atoi(entry->d_name);
		if (f)
			fclose(f);
	}
	die("no thread %s", beginning);
}

static uint16_t checksum(const void *data, size_t bytes)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static void make_packet(void)
{
	packet.ip.version = 4;
	packet.ip.ihl = sizeof(packet.ip) / 4;
	packet.ip.ttl = 1;
	packet.ip.protocol = IPPROTO_UDP;
	packet.ip.tot_len = htons(sizeof(packet));
	packet.ip.saddr = inet_addr("10.77.0.2");
	packet.ip.daddr = inet_addr("10.255.255.255");
	packet.ip.check = checksum(&packet.ip, sizeof(packet.ip));
	packet.udp.source = packet.udp.dest = htons(PORT);
	packet.udp.len = htons(sizeof(packet) - sizeof(packet.ip));
}

static void prepare_tun(int cpu)
{
	struct sched_param param = {.sched_priority = PRIORITY};
	struct ifreq request = {.ifr_name = DEVICE, .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_NAPI};
	int backlog = BACKLOG;
	cpu_set_t set;
	pid_t thread;

	tun_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun_fd < 0 || ioctl(tun_fd, TUNSETIFF, &request) < 0 ||
	    ioctl(tun_fd, TUNSETSNDBUF, &backlog) < 0)
		die("cannot make a tun device");
	set_up(DEVICE, "10.77.0.1");
	make_threaded();
	make_packet();
	thread = find_thread("napi/" DEVICE "-");
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(thread, sizeof(set), &set) < 0 ||
	    sched_setscheduler(thread, SCHED_FIFO, &param) < 0)
		die("cannot set the kernel thread's CPU and priority");
	/* The thread is to have work all the time: its device's queue is to be full all the time. */
	set_fifo(PRIORITY, 0);
	pin_to_cpu(cpu == 0 ? 1 : 0);
}

static void send_to_tun(void)
{
	if (write(tun_fd, &packet, sizeof(packet)) != sizeof(packet))
		die("cannot write into the tun device");
}

/* ------------------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	uint64_t duration_ns, start_ns, end_ns;
	void (*send_one)(void);

	if (argc != 4)
		die("usage: flood softirq|kthread CPU DURATION(<=400ms)");
	duration_ns = parse_ns(argv[3]);
	if (duration_ns == 0 || duration_ns > MAX_FLOOD_NS)
		die("out of bounds");
	if (unshare(CLONE_NEWNET) < 0)
		die("no network namespace");
	open_receivers();
	if (strcmp(argv[1], "softirq") == 0) {
		prepare_loopback(atoi(argv[2]));
		send_one = send_to_loopback;
	} else {
		prepare_tun(atoi(argv[2]));
		send_one = send_to_tun;
	}
	for (int i = 0; i < WARM_UP; i++)
		send_one();
	emit("start %llu", (unsigned long long)now_ns());
	start_ns = now_ns();
	do {
		send_one();
		end_ns = now_ns();
	} while (end_ns < start_ns + duration_ns);
	emit("held %llu %llu", (unsigned long long)start_ns, (unsigned long long)end_ns);
	return 0;
}
