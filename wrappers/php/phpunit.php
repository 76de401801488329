<?php
// Waits for PHPUnit to load its first classes, and then lets its own interfaces for extensions report the tests
//
// PHP runs this file before PHPUnit's program (ini/latwrap.ini). It must not fail, slow down or change any test: on any
// error, it stops silently. It needs PHP 7.3, leaves no global variable, and no frame on the stack of a test.

namespace Latwrap;

/** Calls an action: whatever goes wrong, also a warning, PHPUnit and its tests do not see it. */
function safely(callable $action): void
{
    \set_error_handler(static function () {
        return true;
    });
    try {
        $action();
    } catch (\Throwable $error) {
        // A test must not fail because of us.
    } finally {
        \restore_error_handler();
    }
}

/** Removes what latwrap added: what a test starts must have the environment that it would have without us. */
function leave_environment(): void
{
    $own = __DIR__ . '/ini';
    $list = (string) \getenv('PHP_INI_SCAN_DIR');
    if ($list === $own) {
        $left = ''; // PHP was not to read any directory
    } elseif (\substr($list, -\strlen($own) - 1) === ':' . $own) {
        $left = $list === ':' . $own ? null : \substr($list, 0, -\strlen($own) - 1);
    } else {
        return;
    }
    \putenv('PHP_INI_SCAN_DIR' . ($left === null ? '' : '=' . $left));
    foreach (['_SERVER', '_ENV'] as $name) {
        if (!isset($GLOBALS[$name]['PHP_INI_SCAN_DIR'])) {
            continue;
        }
        if ($left === null) {
            unset($GLOBALS[$name]['PHP_INI_SCAN_DIR']);
        } else {
            $GLOBALS[$name]['PHP_INI_SCAN_DIR'] = $left;
        }
    }
}

/** Returns the file that PHP would run first without us; null: there is none. */
function hidden_file(): ?string
{
    $found = null;
    safely(static function () use (&$found) {
        $files = \explode(',', \php_ini_loaded_file() . ',' . \php_ini_scanned_files());
        foreach (\array_filter(\array_map('trim', $files)) as $file) {
            if ($file === __DIR__ . '/ini/latwrap.ini' || \strpos(\file_get_contents($file), 'auto_prepend_file') === false) {
                continue;
            }
            $found = \parse_ini_file($file)['auto_prepend_file'] ?? $found;
        }
    });
    return $found === '' || $found === 'none' ? null : $found;
}

/** Stands for Composer's list of the files that it has run, which it asks after it has registered a loader of classes. */
final class Files implements \ArrayAccess
{
    private $files;
    private $heard;

    public function __construct(array $files, callable $heard)
    {
        $this->files = $files;
        $this->heard = $heard;
    }

    public function files(): array
    {
        return $this->files;
    }

    public function offsetExists($offset): bool
    {
        ($this->heard)();
        return isset($this->files[$offset]);
    }

    #[\ReturnTypeWillChange]
    public function offsetGet($offset)
    {
        return $this->files[$offset] ?? null;
    }

    public function offsetSet($offset, $value): void
    {
        $this->files[$offset] = $value;
    }

    public function offsetUnset($offset): void
    {
        unset($this->files[$offset]);
    }
}

/** Is asked for each class first, as long as PHPUnit has not begun. It loads none. */
final class Watch
{
    private $path;
    private $files;

    public function __construct(string $path)
    {
        $this->path = $path;
        // Composer's loaders go in front of those before them.
        $this->files = new Files([], function () {
            \spl_autoload_unregister([$this, 'hear']);
            \spl_autoload_register([$this, 'hear'], true, true);
        });
        $GLOBALS['__composer_autoload_files'] = $this->files;
        \spl_autoload_register([$this, 'hear'], true, true);
    }

    public function hear(string $name): void
    {
        if (\strncmp($name, 'PHPUnit\\', 8) !== 0) {
            return;
        }
        leave_environment();
        if ($name === 'PHPUnit\Runner\TestListenerAdapter') {
            $this->stop();
            safely(function () {
                $this->watchNine();
            });
        } elseif ($name === 'PHPUnit\TextUI\Application') {
            $this->stop();
            safely(function () {
                require_once __DIR__ . '/subscribers.php';
                subscribe(new Spans($this->path));
            });
        }
    }

    private function stop(): void
    {
        \spl_autoload_unregister([$this, 'hear']);
        if (($GLOBALS['__composer_autoload_files'] ?? null) !== $this->files) {
            return;
        }
        if ($this->files->files()) {
            $GLOBALS['__composer_autoload_files'] = $this->files->files();
        } else {
            unset($GLOBALS['__composer_autoload_files']);
        }
    }

    /** PHPUnit 9 and older: the object that is about to run the tests takes extensions until then. */
    private function watchNine(): void
    {
        foreach (\debug_backtrace(\DEBUG_BACKTRACE_PROVIDE_OBJECT) as $frame) {
            if (($frame['object'] ?? null) instanceof \PHPUnit\TextUI\TestRunner) {
                require_once __DIR__ . '/hooks.php';
                $frame['object']->addExtension(new Hooks(new Spans($this->path)));
                return;
            }
        }
    }
}

if (\PHP_SAPI === 'cli' && \getenv('LATWRAP_SOCKET') && \strpos((string) \getenv('PHP_INI_SCAN_DIR'), __DIR__) !== false) {
    safely(static function () {
        require_once __DIR__ . '/spans.php';
        new Watch(\getenv('LATWRAP_SOCKET'));
    });
}
if (hidden_file() !== null) {
    require hidden_file();
}
