"""A sender that finds no room keeps thousands of messages, and what it drops is counted"""

import json
import select
import shutil
import socket
import time

import pytest

import harness

WRAPPERS = harness.ROOT / "wrappers"
# Each begins and ends its tests while nobody reads, says so, and sends what is left until it is killed.
SENDERS = {
    "ruby": ["ruby", "-e", f"""
        require "{WRAPPERS}/ruby/latwrap_channel"
        spans = Latwrap::Spans.new("rspec", ARGV[0])
        Integer(ARGV[1]).times {{ spans.end(spans.begin("test"), "passed") }}
        $stdout.puts "ready"
        $stdout.flush
        loop {{ spans.finish }}
    """],
    "php": ["php", "-r", f"""
        require '{WRAPPERS}/php/spans.php';
        set_error_handler(function () {{ return true; }});
        $spans = new Latwrap\\Spans($argv[1]);
        for ($n = 0; $n < (int) $argv[2]; $n++) {{
            $spans->begin("test", null, null);
            $spans->end("passed");
        }}
        echo "ready\\n";
        while (true) {{
            $spans->finish();
        }}
    """, "--"],
    "python": ["/usr/bin/python3", "-c", f"""if True:
        import sys
        sys.path.insert(0, "{WRAPPERS}/python")
        import latwrap_channel
        spans = latwrap_channel.Spans("pytest", sys.argv[1])
        for _ in range(int(sys.argv[2])):
            spans.end(spans.begin("test", None), "passed")
        print("ready", flush=True)
        while True:
            if not spans.channel.flush():
                spans.channel.wait_for_room(50)
    """],
    "node": ["node", "-e", """
        process.env.LATWRAP_SOCKET = process.argv[1];
        const { Spans } = require(require('path').dirname(process.argv[1]) + '/node/channel.cjs');
        const spans = new Spans('mocha');
        process.kill(spans.relay.pid, 'SIGSTOP');
        for (let n = 0; n < Number(process.argv[2]); n++)
            spans.end(spans.begin('test'), 'passed');
        process.kill(spans.relay.pid, 'SIGCONT');
        console.log('ready');
        (function finish() { spans.flush() || setTimeout(finish, 5); })();
    """],
    "perl": ["perl", "-e", f"""
        use lib "{WRAPPERS}/prove";
        use App::Prove::Plugin::Latwrap;
        $ENV{{LATWRAP_SOCKET}} = shift;
        App::Prove::Plugin::Latwrap::start();
        App::Prove::Plugin::Latwrap::tell_latwrap({{ event => "update", id => "test" }}) for 1 .. 2 * shift;
        syswrite STDOUT, "ready\n";
        while (1) {{
            App::Prove::Plugin::Latwrap::flush_backlog();
            select undef, undef, undef, 0.001;
        }}
    """],
    "relay": ["sh", "-c", f"""
        exec 3>&1
        export LATWRAP_SOCKET="$0"
        {{ yes '{{"v":1}}' | head -n $((2 * $1)); echo ready >&3; exec tail -f /dev/null; }} | {harness.LATWRAP} span --relay
    """],
}


@pytest.mark.parametrize("tests, is_lossy", [(2000, False), (12000, True)], ids=["kept", "counted"])
@pytest.mark.parametrize("language", SENDERS)
def test_backlog(children, directory, language, tests, is_lossy):
    if not shutil.which(SENDERS[language][0]):
        pytest.skip(f"{language} is not installed")
    if language == "node":  # beside latwrap, which node starts as a relay
        (directory / "node").mkdir()
        shutil.copy(WRAPPERS / "node/channel.cjs", directory / "node")
        (directory / "latwrap").symlink_to(harness.LATWRAP)
    path = str(directory / "socket")
    arrived = unsent = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        server.settimeout(harness.HANG_S)
        sender = children.start([*SENDERS[language], path, str(tests)])
        assert sender.line() == "ready"
        while arrived + unsent < 2 * tests:
            message = json.loads(server.recv(8192))
            arrived += 1
            unsent += message.get("unsent", 0)
    assert arrived + unsent == 2 * tests
    assert (unsent > 0) == is_lossy


# The same, but each says so before its last messages, and ends.
LAST = {
    "ruby": ["ruby", "-e", SENDERS["ruby"][2].replace("loop { spans.finish }", "spans.finish")],
    "php": ["php", "-r", SENDERS["php"][2].replace("while (true)", ""), "--"],
    "python": ["/usr/bin/python3", "-c", SENDERS["python"][2].partition("while True:")[0] + "spans.channel.finish()"],
    "relay": ["sh", "-c", SENDERS["relay"][2].replace("; exec tail -f /dev/null", "")],
}


@pytest.mark.parametrize("language", LAST)
def test_slow_reader(children, directory, language):
    """Who still takes a message now and then gets all of them, however long that takes"""
    if not shutil.which(LAST[language][0]):
        pytest.skip(f"{language} is not installed")
    path, messages, arrived = str(directory / "socket"), 4000, 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        server.settimeout(harness.HANG_S)
        sender = children.start([*LAST[language], path, str(messages // 2)])
        assert sender.line() == "ready"
        while arrived < messages and (sender.process.poll() is None or select.select([server], [], [], 0)[0]):
            if select.select([server], [], [], 0.01)[0]:
                server.recv(8192)
                arrived += 1
                # The injection: together twice as long as a sender waits for a reader that takes nothing
                time.sleep(0.05 if arrived <= 24 else 0)
    assert arrived == messages
