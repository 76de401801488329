/* latwrap span --relay: pass on messages from runners in languages without datagram sockets */
#pragma once

/*
 * Reads standard input to its end, one message of docs/spans.md per line. The spans belong to the
 * process that started us. Returns the exit status.
 */
int span_relay(void);
