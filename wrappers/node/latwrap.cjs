// Reports each test of node:test to latwrap through `latwrap span --relay`, since node has no datagram sockets.
// node preloads it into the processes that `node --test` starts. It must not fail, slow down or change any test:
// on any error, it stops silently.
'use strict';

(function () {
	const path = require('path');

	// The parent, which starts a process for each file, has no tests of its own without --test-isolation=none.
	const alone = process.execArgv.includes('--test') &&
		process.execArgv.some((word) => /^--(experimental-)?test-isolation=none$/.test(word));
	const socket = process.env.LATWRAP_SOCKET;
	if (!socket || process.env.LATWRAP_NODE_TEST === String(process.ppid) || !(process.env.NODE_TEST_CONTEXT || alone))
		return;

	let child_process, hooks;
	try {
		// Load these now: tests may mock them later.
		child_process = require('child_process');
		hooks = require('node:test');
		if (typeof hooks.beforeEach !== 'function' || typeof hooks.afterEach !== 'function')
			return;
	} catch (error) {
		return;
	}
	const { spawn, spawnSync } = child_process;
	const program = path.join(path.dirname(__dirname), 'latwrap');
	const now = process.hrtime.bigint.bind(process.hrtime); // CLOCK_MONOTONIC
	const { stringify } = JSON;
	const file = alone ? null : process.argv[1];
	const suite = alone ? null : 'node-' + process.pid;
	const open = new Map(); // a list by full name: several tests may have the same name
	const ids = new WeakMap();
	let count = 0;
	let relay = null;

	// A test may start another node --test: do not report its tests.
	process.env.LATWRAP_NODE_TEST = String(process.pid);
	// Remove our own option: processes that a test starts must have the options that they would have without us.
	const rest = (process.env.NODE_OPTIONS || '').replace('--require=' + __filename, '').trim();
	if (rest)
		process.env.NODE_OPTIONS = rest;
	else
		delete process.env.NODE_OPTIONS;

	function line(event, id, more) {
		return stringify(Object.assign({ v: 1, event, id }, more)).replace(/}$/, ',"time_ns":' + now() + '}\n');
	}

	function send(text) {
		try {
			if (relay && relay.stdin.writable)
				relay.stdin.write(text);
		} catch (error) {
			relay = null;
		}
	}

	function safely(hook) {
		return (context) => {
			try {
				hook(context);
			} catch (error) {
				// A test must not fail because of us.
			}
		};
	}

	function name_of(context) {
		return String(context.fullName || context.name).slice(0, 1000).replace(/\p{Surrogate}/gu, '?');
	}

	function begin(context) {
		const name = name_of(context);
		const id = 'node-' + process.pid + '-' + ++count;
		const around = open.get(name.slice(0, -(' > ' + context.name).length));
		const parent = around && around.length ? around[around.length - 1] : suite;
		ids.set(context, id);
		open.set(name, (open.get(name) || []).concat(id));
		send(line('begin', id, { name, runner: 'node', file: context.filePath || file || undefined, parent: parent || undefined }));
	}

	function end(context) {
		const id = ids.get(context);
		const name = name_of(context);
		if (id === undefined)
			return;
		const left = (open.get(name) || []).filter((other) => other !== id);
		left.length ? open.set(name, left) : open.delete(name);
		// Available since node 20.12.
		const outcome = context.passed === undefined ? undefined : context.passed ? 'passed' : 'failed';
		send(line('end', id, { outcome }));
	}

	try {
		relay = spawn(program, ['span', '--relay'], { stdio: ['pipe', 'ignore', 'ignore'] });
		for (const emitter of [relay, relay.stdin]) {
			emitter.on('error', () => { relay = null; });
			emitter.unref();
		}
		if (suite)
			send(line('begin', suite, { name: path.relative(process.cwd(), file), runner: 'node', file }));
		hooks.beforeEach(safely(begin));
		hooks.afterEach(safely(end));
		if (suite)
			process.on('exit', safely(() => {
				spawnSync(program, ['span', '--relay'], { input: line('end', suite, {}), stdio: ['pipe', 'ignore', 'ignore'], timeout: 1000 });
			}));
	} catch (error) {
		relay = null;
	}
})();
