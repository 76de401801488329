<?php
// Hears of the tests of PHPUnit 10 and newer, by its events

namespace Latwrap;

use PHPUnit\Event\Test;
use PHPUnit\Event\TestRunner\ExecutionFinishedSubscriber;

/** One for each kind of event; the parameter has no type, to be that of any of these interfaces. */
abstract class Heard
{
    private $action;

    public function __construct(callable $action)
    {
        $this->action = $action;
    }

    public function notify($event): void
    {
        safely(function () use ($event) {
            // An event of a test in a process of its own comes when that has ended, and has its own time.
            $time = $event->telemetryInfo()->time();
            ($this->action)($event, $time->seconds() * 1000000000 + $time->nanoseconds());
        });
    }
}

final class Started extends Heard implements Test\PreparationStartedSubscriber
{
}

final class Prepared extends Heard implements Test\PreparedSubscriber
{
}

final class Passed extends Heard implements Test\PassedSubscriber
{
}

final class Failed extends Heard implements Test\FailedSubscriber
{
}

final class Errored extends Heard implements Test\ErroredSubscriber
{
}

final class Skipped extends Heard implements Test\SkippedSubscriber
{
}

final class Incomplete extends Heard implements Test\MarkedIncompleteSubscriber
{
}

final class Finished extends Heard implements Test\FinishedSubscriber
{
}

final class FixtureStarted extends Heard implements Test\BeforeFirstTestMethodCalledSubscriber
{
}

final class FixtureErrored extends Heard implements Test\BeforeFirstTestMethodErroredSubscriber
{
}

final class AllFinished extends Heard implements ExecutionFinishedSubscriber
{
}

/** The test that runs, and how it ended so far */
final class Tests
{
    private $spans;
    private $outcome;
    private $isPrepared = false;
    private $fixture_ns = 0;

    public function __construct(Spans $spans)
    {
        $this->spans = $spans;
    }

    public function started($event, int $time_ns): void
    {
        $test = $event->test();
        $this->outcome = null;
        $this->isPrepared = false;
        $this->spans->begin(self::name($test), $test->file(), $test->isTestMethod() ? $test->line() : null, $time_ns);
    }

    public function prepared(): void
    {
        $this->isPrepared = true;
    }

    public function ended(string $outcome, $event, int $time_ns): void
    {
        if (!$this->spans->isOpen(self::name($event->test()))) { // such as one whose requirements are missing
            $this->started($event, $time_ns);
        }
        $isWorse = $this->outcome === null || $outcome === 'failed' || $outcome === 'error';
        $this->outcome = $isWorse ? $outcome : $this->outcome;
        // PHPUnit does not say that a test has finished which failed before it was prepared.
        if (!$this->isPrepared) {
            $this->spans->end($this->outcome, $time_ns);
        }
    }

    public function finished($event, int $time_ns): void
    {
        $this->spans->end($this->outcome, $time_ns);
        $this->isPrepared = false;
    }

    public function fixtureStarted($event, int $time_ns): void
    {
        $this->fixture_ns = $time_ns;
    }

    public function fixtureErrored($event, int $time_ns): void
    {
        $file = (new \ReflectionClass($event->testClassName()))->getFileName() ?: null;
        $this->spans->whole($event->testClassName(), $file, $this->fixture_ns ?: $time_ns, 'error', $time_ns);
    }

    public function allFinished($event, int $time_ns): void
    {
        $this->spans->finish($time_ns);
    }

    private static function name($test): string
    {
        return $test->isTestMethod() ? $test->nameWithClass() : $test->name();
    }
}

function subscribe(Spans $spans): void
{
    $tests = new Tests($spans);
    $ended = static function (string $outcome) use ($tests) {
        return static function ($event, int $time_ns) use ($tests, $outcome) {
            $tests->ended($outcome, $event, $time_ns);
        };
    };
    \PHPUnit\Event\Facade::instance()->registerSubscribers(
        new Started([$tests, 'started']),
        new Prepared([$tests, 'prepared']),
        new Passed($ended('passed')),
        new Failed($ended('failed')),
        new Errored($ended('error')),
        new Skipped($ended('skipped')),
        new Incomplete($ended('skipped')),
        new Finished([$tests, 'finished']),
        new FixtureStarted([$tests, 'fixtureStarted']),
        new FixtureErrored([$tests, 'fixtureErrored']),
        new AllFinished([$tests, 'allFinished'])
    );
}
