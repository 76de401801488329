/* latwrap span --relay: passes on messages from runners whose language has no datagram sockets */
#pragma once

/*
 * Reads standard input to its end: a message as in docs/spans.md on each line. The spans are those of the
 * process that started us. Returns the exit status.
 */
int span_relay(void);
