<?php
// Hears of the tests of PHPUnit 9 and older, by its interfaces for extensions

namespace Latwrap;

use PHPUnit\Runner;

final class Hooks implements
    Runner\BeforeTestHook,
    Runner\AfterTestErrorHook,
    Runner\AfterTestFailureHook,
    Runner\AfterTestWarningHook,
    Runner\AfterSkippedTestHook,
    Runner\AfterIncompleteTestHook,
    Runner\AfterTestHook,
    Runner\AfterLastTestHook
{
    private $spans;
    private $outcome;

    public function __construct(Spans $spans)
    {
        $this->spans = $spans;
    }

    public function executeBeforeTest(string $test): void
    {
        $this->outcome = 'passed';
        safely(function () use ($test) {
            // PHPUnit adds the data itself, which can be different each time.
            $name = \preg_replace('/( with data set (?:#\d+|".*?")) \(.*\)$/s', '$1', $test);
            $this->spans->begin($name, ...$this->place($name));
        });
    }

    public function executeAfterTestError(string $test, string $message, float $time): void
    {
        $this->outcome = 'error';
    }

    public function executeAfterTestFailure(string $test, string $message, float $time): void
    {
        $this->outcome = 'failed';
    }

    /** PHPUnit 9 fails because of a warning. */
    public function executeAfterTestWarning(string $test, string $message, float $time): void
    {
        $this->outcome = 'failed';
    }

    public function executeAfterSkippedTest(string $test, string $message, float $time): void
    {
        $this->outcome = 'skipped';
    }

    public function executeAfterIncompleteTest(string $test, string $message, float $time): void
    {
        $this->outcome = 'skipped';
    }

    public function executeAfterTest(string $test, float $time): void
    {
        safely(function () {
            $this->spans->end($this->outcome);
        });
    }

    public function executeAfterLastTest(): void
    {
        safely(function () {
            $this->spans->finish();
        });
    }

    /** Returns the file and the line of the test, or nothing */
    private function place(string $name): array
    {
        if (!\preg_match('/^([\w\\\\]+)::(\w+)/', $name, $words) || !\class_exists($words[1], false)) {
            return [\is_file($name) ? $name : null, null];
        }
        $file = (new \ReflectionClass($words[1]))->getFileName() ?: null;
        if (!\method_exists($words[1], $words[2])) {
            return [$file, null];
        }
        $method = new \ReflectionMethod($words[1], $words[2]);
        return [$file, $method->getFileName() === $file ? $method->getStartLine() : null];
    }
}
