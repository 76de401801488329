/* Tests of run/witness: a signal to the group and one to latwrap alone, also while the witness is late */
#include "run/witness.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "run/signals.h"
#include "tap.h"

static int signal_fd;
static struct witness witness;

/* The number of the next of our own signals, but not of what a stopped witness causes; 0: none */
static int next(void)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			return (int)info.ssi_signo;
	return 0;
}

/* Reads our own signal, which must be this one; returns whether the group got it. */
static bool heard(int number)
{
	is_int(next(), number);
	return witness_heard(&witness, number);
}

static void test_each(void)
{
	for (int i = 0; i < 3; i++) {
		kill(0, SIGTERM);
		ok(heard(SIGTERM));
		kill(getpid(), SIGTERM);
		ok(!heard(SIGTERM));
	}
}

/* A stopped witness stands for one that gets no CPU: it reads when it is asked. */
static void test_late(void)
{
	kill(witness.pid, SIGSTOP);
	kill(0, SIGINT);
	kill(0, SIGTERM);
	ok(heard(SIGINT));

	kill(witness.pid, SIGSTOP);
	kill(0, SIGINT);
	kill(0, SIGQUIT);
	ok(heard(SIGINT));
	ok(heard(SIGQUIT));
	ok(heard(SIGTERM));

	kill(getpid(), SIGINT);
	kill(getpid(), SIGTERM);
	ok(!heard(SIGINT));
	ok(!heard(SIGTERM));
}

/* Two signals of one number merge in the witness, but not in latwrap, which has read the first. */
static void test_merged(void)
{
	kill(witness.pid, SIGSTOP);
	kill(0, SIGINT);
	is_int(next(), SIGINT);
	kill(0, SIGINT);
	ok(witness_heard(&witness, SIGINT));
	ok(heard(SIGINT));
	kill(getpid(), SIGINT);
	ok(!heard(SIGINT));
}

/* As systemd does, who signals each process of a unit by itself */
static void test_witness_alone(void)
{
	kill(witness.pid, SIGTERM);
	kill(getpid(), SIGUSR1);
	ok(!heard(SIGUSR1));
	kill(getpid(), SIGTERM);
	ok(!heard(SIGTERM));

	kill(witness.pid, SIGTERM);
	witness_forget(&witness);
	kill(getpid(), SIGTERM);
	ok(!heard(SIGTERM));
}

static void test_queued(void)
{
	kill(0, SIGRTMIN);
	kill(getpid(), SIGRTMIN);
	ok(heard(SIGRTMIN));
	ok(!heard(SIGRTMIN));
}

int main(void)
{
	setpgid(0, 0);
	signal_fd = signals_take(NULL);
	ok(signal_fd >= 0 && witness_start(&witness) == 0);
	test_each();
	test_late();
	test_merged();
	test_witness_alone();
	test_queued();
	witness_stop(&witness);
	return tap_done();
}
