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
 * it happens in a network namespace of its own. Says "start TIME", then "held FROM TO": as tests/tools/spin.
 *
 * softirq: sent over loopback, as SCHED_FIFO. The kernel takes it in from a soft interrupt on the same CPU,
 * before sendto(2) returns.
 * kthread: written into a tun device from another CPU, all at once. The device's NAPI has a kernel thread of
 * its own (Documentation/networking/napi.rst, "Threaded NAPI"), which becomes SCHED_FIFO on that CPU.
 */
#define SOCKETS      400
#define PORT         40404
#define PRIORITY     60
#define DEVICE       "flood"
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

#define TRIAL       64 /* packets that tell how long one takes */
#define MAX_PACKETS 40000
#define LAST_NS     (2 * NS_PER_MS) /* the CPU is held for so much longer than is told */

static int tun_fd, receiver_fd;
static struct {
	struct iphdr ip;
	struct udphdr udp;
	uint32_t number;
	char data[60];
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

static int is_called(const char *pid, const char *beginning)
{
	char path[64], comm[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(comm, sizeof(comm), f))
		comm[0] = '\0';
	fclose(f);
	return strncmp(comm, beginning, strlen(beginning)) == 0;
}

static pid_t find_thread(const char *beginning)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc)))
		if (atoi(entry->d_name) && is_called(entry->d_name, beginning))
			return atoi(entry->d_name);
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
	/* From nobody to everybody: neither is looked up anywhere. */
	packet.ip.daddr = INADDR_BROADCAST;
	packet.ip.check = checksum(&packet.ip, sizeof(packet.ip));
	packet.udp.source = packet.udp.dest = htons(PORT);
	packet.udp.len = htons(sizeof(packet) - sizeof(packet.ip));
}

static void prepare_tun(int cpu)
{
	struct sched_param param = {.sched_priority = PRIORITY};
	struct ifreq request = {.ifr_name = DEVICE, .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_NAPI};
	cpu_set_t set;
	pid_t thread;

	tun_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun_fd < 0 || ioctl(tun_fd, TUNSETIFF, &request) < 0)
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
	pin_to_cpu(cpu == 0 ? 1 : 0);
}

/* One that drops nothing. Any may be asked first, so it must be there before the others. */
static int open_watcher(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = open_socket(), most = 64 << 20;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &most, sizeof(most)) < 0 ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		die("cannot watch");
	return fd;
}

/* Until the packet of that number has been taken in. */
static void wait_for(uint32_t number)
{
	uint32_t received = 0;

	while (received < number)
		if (recv(receiver_fd, &received, sizeof(received), 0) < 0)
			die("recv");
}

static void write_packets(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		packet.number++;
		if (write(tun_fd, &packet, sizeof(packet)) != sizeof(packet))
			die("cannot write into the tun device");
	}
}

/* As much work as takes that long, while nothing keeps us from handing it over. */
static void flood_thread(uint64_t duration_ns)
{
	uint64_t start_ns = now_ns(), end_ns, each_ns, count;

	write_packets(TRIAL);
	wait_for(TRIAL);
	each_ns = (now_ns() - start_ns) / TRIAL + 1;
	count = (duration_ns + LAST_NS) / each_ns;
	if (count > MAX_PACKETS)
		die("%llu ns a packet", (unsigned long long)each_ns);
	set_fifo(PRIORITY, 0);
	start_ns = now_ns();
	write_packets((uint32_t)count);
	emit("start %llu", (unsigned long long)start_ns);
	wait_for(TRIAL + (uint32_t)(count - LAST_NS / each_ns));
	end_ns = now_ns();
	emit("held %llu %llu", (unsigned long long)start_ns, (unsigned long long)end_ns);
}

/* ------------------------------------------------------------------------------------------------- */

static void flood_softirq(uint64_t duration_ns)
{
	uint64_t start_ns, end_ns;

	emit("start %llu", (unsigned long long)now_ns());
	start_ns = now_ns();
	do {
		send_to_loopback();
		end_ns = now_ns();
	} while (end_ns < start_ns + duration_ns);
	emit("held %llu %llu", (unsigned long long)start_ns, (unsigned long long)end_ns);
}

int main(int argc, char **argv)
{
	uint64_t duration_ns;

	if (argc != 4)
		die("usage: flood softirq|kthread CPU DURATION(<=400ms)");
	duration_ns = parse_ns(argv[3]);
	if (duration_ns == 0 || duration_ns > MAX_FLOOD_NS)
		die("out of bounds");
	if (unshare(CLONE_NEWNET) < 0)
		die("no network namespace");
	receiver_fd = open_watcher();
	open_receivers();
	if (strcmp(argv[1], "softirq") == 0) {
		prepare_loopback(atoi(argv[2]));
		flood_softirq(duration_ns);
	} else {
		prepare_tun(atoi(argv[2]));
		flood_thread(duration_ns);
	}
	return 0;
}
