// Reports spans to latwrap through `latwrap span --relay`, since node has no datagram sockets; all wrappers in this
// directory use it. It must not fail, slow down or change any test: it waits only at the end of a file, and on any error it stops
// silently.
'use strict';

const { readlinkSync, writeSync } = require('fs');
const path = require('path');
// Take these now: tests may replace them later.
const { spawn, spawnSync } = require('child_process');
const now = process.hrtime.bigint.bind(process.hrtime); // CLOCK_MONOTONIC
const { stringify } = JSON;
const { assign } = Object;
const { from } = Buffer;
const { wait } = Atomics;
const cell = new Int32Array(new SharedArrayBuffer(4));
const BACKLOG = 10000; // messages kept while there is no room
const TRIES = 100;
const TRY_MS = 5;
const { relative } = path;
const { pid } = process;
const directory = process.cwd();

// The kernel's thread: workers may run tests at the same time.
const tid = (() => {
	try {
		return Number(path.basename(readlinkSync('/proc/thread-self')));
	} catch (error) {
		return undefined;
	}
})();

// A test may clear the environment.
const OPTIONS = { stdio: ['pipe', 'ignore', 'ignore'], env: assign({}, process.env) };

class Spans {
	constructor(runner) {
		this.runner = runner;
		this.program = path.join(path.dirname(__dirname), 'latwrap');
		this.count = 0;
		this.file = null; // the open span of a file: { file, id }
		this.is_late = false;
		this.backlog = []; // what found no room: a worker may be ended before its event loop writes
		this.rest = null; // of the message that is being written
		this.unsent = 0; // dropped, and not told so far
		this.relay = spawn(this.program, ['span', '--relay'], OPTIONS);
		for (const emitter of [this.relay, this.relay.stdin]) {
			emitter.on('error', () => { this.relay = null; });
			emitter.unref();
		}
		// What tests start has no tests of its own: those usually fail on purpose.
		process.env.LATWRAP_NODE_TEST = String(pid);
	}

	send(fields, time_ns) {
		this.backlog.push(compose(fields, time_ns));
		this.flush();
		if (this.backlog.length > BACKLOG) {
			this.backlog.shift();
			this.unsent++;
		}
	}

	// The number of dropped messages is added here, since a message that waits may be dropped, too.
	complete(text) {
		const unsent = this.unsent ? ',"unsent":' + this.unsent : '';
		this.unsent = 0;
		return from(text + unsent + '}\n');
	}

	// Returns whether nothing is left.
	flush() {
		const handle = this.relay && this.relay.stdin._handle;
		if (!handle || !(handle.fd >= 0))
			this.drop();
		try {
			while (this.rest || this.backlog.length) {
				this.rest = this.rest || this.complete(this.backlog.shift());
				const rest = this.rest.subarray(writeSync(handle.fd, this.rest));
				this.rest = rest.length ? rest : null;
			}
		} catch (error) {
			if (error.code !== 'EAGAIN')
				this.relay = null;
		}
		return !this.is_waiting() || !this.relay;
	}

	is_waiting() {
		return this.rest !== null || this.backlog.length > 0;
	}

	drop() {
		this.unsent += this.backlog.length + (this.rest ? 1 : 0);
		this.backlog = [];
		this.rest = null;
	}

	// Gives up when the relay takes none for 0.5 s, and does not wait again after that.
	finish() {
		let tries = this.is_late ? 0 : TRIES;
		let waiting = this.backlog.length;
		while (!this.flush() && tries-- > 0) {
			if (this.backlog.length !== waiting)
				tries = TRIES;
			waiting = this.backlog.length;
			wait(cell, 0, 0, TRY_MS);
		}
		this.is_late = this.is_waiting();
	}

	// Returns the span's id; more: file, parent, attempt
	begin(name, more) {
		const id = this.runner + '-' + pid + '-' + tid + '-' + ++this.count;
		this.send(assign({ event: 'begin', id, name: clean(name), runner: this.runner, tid }, more));
		return id;
	}

	end(id, outcome, failed_ns) {
		const fields = { event: 'end', id, outcome };
		if (failed_ns)
			fields.failed_ns = Number(failed_ns);
		this.send(fields);
	}

	// Reports, afterwards, a span that has just ended
	whole(name, start_ns, outcome, more) {
		this.send(assign({ event: 'span', name: clean(name), runner: this.runner, start_ns: Number(start_ns), outcome, tid }, more));
	}

	// Begins the span of a file, and ends that of another one; returns what its tests have in common
	enter(file) {
		if (file && (!this.file || this.file.file !== file)) {
			this.leave();
			this.file = { file, parent: this.begin(relative(directory, file), { file }) };
		}
		return this.file || {};
	}

	leave(outcome) {
		if (this.file)
			this.end(this.file.parent, outcome);
		this.file = null;
		this.finish();
	}

	// For an end that comes when the process exits: what was written to the relay before is ahead of it
	endAtExit(id) {
		this.finish();
		this.relay = null;
		this.drop();
		spawnSync(this.program, ['span', '--relay'], assign({ input: this.complete(compose({ event: 'end', id })), timeout: 1000 }, OPTIONS));
	}
}

// Without its closing brace
function compose(fields, time_ns) {
	return stringify(assign({ v: 1 }, fields)).slice(0, -1) + ',"time_ns":' + (time_ns || now());
}

function clean(name) {
	return String(name).slice(0, 1000).replace(/\p{Surrogate}/gu, '?');
}

// Whatever goes wrong, the test does not see it.
function safely(hook) {
	return function (...words) {
		try {
			hook.apply(this, words);
		} catch (error) {
			// A test must not fail because of us.
		}
	};
}

// The name of a test from its suites' titles and its own
function join(titles) {
	return titles.filter((title) => title).join(' > ');
}

module.exports = { Spans, assign, relative, safely, join, now };
