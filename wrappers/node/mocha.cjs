// Reports each test of mocha, in the process that runs it: mocha's own, or a worker of --parallel.
'use strict';

const { Spans, assign, safely, join, now } = require('./channel.cjs');

// Runner: the class of mocha's lib/runner.js. The runner of --parallel has a run() of its own, and runs nothing itself.
module.exports = function install(Runner) {
	const run = Runner.prototype.run;
	let spans = null;

	function watch(runner) {
		const hooks = new Map(); // when each open hook began
		let open = null; // { id, test }

		spans = spans || new Spans('mocha');

		function more(test) {
			const attempt = typeof test.currentRetry === 'function' ? test.currentRetry() + 1 : 1;
			return assign({ attempt: attempt > 1 ? attempt : undefined }, spans.enter(test.file));
		}

		function end(outcome) {
			if (open)
				spans.end(open.id, outcome);
			open = null;
		}

		function fail(what) {
			if (open)
				end('failed'); // also if a hook of it failed
			else if (what.type === 'hook')
				spans.whole(join(what.titlePath()), hooks.get(what) || now(), 'failed', spans.enter(what.file || (what.parent || {}).file));
		}

		runner.on('test', safely((test) => {
			end();
			open = { id: spans.begin(join(test.titlePath()), more(test)), test };
		}));
		runner.on('pass', safely(() => end('passed')));
		runner.on('fail', safely(fail));
		runner.on('retry', safely(() => end('failed')));
		runner.on('pending', safely((test) => {
			open ? end('skipped') : spans.whole(join(test.titlePath()), now(), 'skipped', more(test));
		}));
		runner.on('hook', safely((hook) => hooks.set(hook, now())));
		runner.on('hook end', safely((hook) => hooks.delete(hook)));
		runner.on('end', safely(() => {
			end();
			spans.leave();
		}));
	}

	Runner.prototype.run = function (...words) {
		safely(watch)(this);
		return run.apply(this, words);
	};
};
