<?php
// Reports the spans of a PHP process to latwrap over $LATWRAP_SOCKET (docs/spans.md describes the messages)

namespace Latwrap;

/** The tests of this process, one at a time, and the file that each is in. It waits only at the end. */
final class Spans
{
    private const BACKLOG = 10000; // messages kept while the socket is full
    private const NAME_BYTES = 1000;

    private $path;
    private $pid;
    private $directory;
    private $socket;
    private $backlog;
    private $unsent = 0;
    private $count = 0;
    private $runs = []; // by name: a test may run again
    private $file; // [path, the span's ID]
    private $test; // [name, the span's ID]

    public function __construct(string $path)
    {
        $this->path = $path;
        $this->pid = \getmypid();
        $this->directory = \getcwd();
        $this->backlog = new \SplQueue();
        $this->connect();
    }

    private function connect(): void
    {
        $this->socket = \stream_socket_client('udg://' . $this->path);
        \stream_set_blocking($this->socket, false);
    }

    /** time_ns: of hrtime(), which is CLOCK_MONOTONIC */
    public function begin(string $name, ?string $file, ?int $line, ?int $time_ns = null): void
    {
        $this->end(null, $time_ns);
        $attempt = $this->runs[$name] = ($this->runs[$name] ?? 0) + 1;
        $more = ['file' => $file, 'line' => $line, 'parent' => $this->enter($file, $time_ns), 'attempt' => $attempt > 1 ? $attempt : null];
        $this->test = [$name, $this->open($name, $more, $time_ns)];
    }

    public function isOpen(string $name): bool
    {
        return $this->test !== null && $this->test[0] === $name;
    }

    public function end(?string $outcome, ?int $time_ns = null): void
    {
        if ($this->test !== null) {
            $this->send(['event' => 'end', 'id' => $this->test[1], 'outcome' => $outcome], $time_ns);
        }
        $this->test = null;
    }

    /** Sends the last messages; gives up when latwrap takes none for 0.5 s */
    public function finish(?int $time_ns = null): void
    {
        $this->leave($time_ns);
        $waiting = $deadline = null;
        while (!$this->backlog->isEmpty() && \getmypid() === $this->pid) {
            if (\count($this->backlog) !== $waiting) {
                $waiting = \count($this->backlog);
                $deadline = \hrtime(true) + 500000000;
            }
            if (\hrtime(true) >= $deadline) {
                break;
            }
            $read = $except = [];
            $write = [$this->socket];
            \stream_select($read, $write, $except, 0, 50000);
            $this->flush();
        }
    }

    /** Ends the file, too */
    private function leave(?int $time_ns = null): void
    {
        $this->end(null, $time_ns);
        if ($this->file !== null) {
            $this->send(['event' => 'end', 'id' => $this->file[1]], $time_ns);
        }
        $this->file = null;
    }

    /** Reports, afterwards, what failed outside of any test */
    public function whole(string $name, ?string $file, int $start_ns, string $outcome, int $time_ns): void
    {
        $parent = $this->enter($file, $start_ns);
        $this->send(['event' => 'span', 'runner' => 'phpunit', 'name' => \substr($name, 0, self::NAME_BYTES), 'file' => $file,
            'parent' => $parent, 'start_ns' => $start_ns, 'outcome' => $outcome], $time_ns);
    }

    private function enter(?string $file, ?int $time_ns): ?string
    {
        if ($file !== null && ($this->file === null || $this->file[0] !== $file)) {
            $this->leave($time_ns);
            $below = $this->directory . '/';
            $name = \strncmp($file, $below, \strlen($below)) === 0 ? \substr($file, \strlen($below)) : $file;
            $this->file = [$file, $this->open($name, ['file' => $file], $time_ns)];
        }
        return $this->file[1] ?? null;
    }

    private function open(string $name, array $more, ?int $time_ns): string
    {
        $id = 'phpunit-' . $this->pid . '-' . ++$this->count;
        $this->send(['event' => 'begin', 'id' => $id, 'runner' => 'phpunit', 'name' => \substr($name, 0, self::NAME_BYTES)] + $more, $time_ns);
        return $id;
    }

    private function send(array $fields, ?int $time_ns): void
    {
        if (\getmypid() !== $this->pid) { // after a fork, the spans are the parent's
            return;
        }
        $fields = ['v' => 1, 'time_ns' => $time_ns ?? \hrtime(true)] + $fields;
        $this->backlog->enqueue(\json_encode(\array_filter($fields, static function ($value) {
            return $value !== null;
        }), \JSON_INVALID_UTF8_SUBSTITUTE));
        if (!\is_resource($this->socket)) { // a test has closed what is not its own
            $this->connect();
        }
        $this->flush();
        if (\count($this->backlog) > self::BACKLOG) {
            $this->backlog->dequeue();
            ++$this->unsent;
        }
    }

    private function flush(): void
    {
        while (!$this->backlog->isEmpty()) {
            $text = $this->backlog->bottom();
            if ($this->unsent) { // only now, since a message that waits may be dropped, too
                $text = \substr($text, 0, -1) . ',"unsent":' . $this->unsent . '}';
            }
            if (\stream_socket_sendto($this->socket, $text) <= 0) {
                return;
            }
            $this->backlog->dequeue();
            $this->unsent = 0;
        }
    }
}
