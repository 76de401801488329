// Reports each test of ava, in the thread that runs its file. No method that is still on the stack of a test is replaced.
'use strict';

const { Spans, safely, now } = require('./channel.cjs');

// Runner: the class of ava's lib/runner.js
module.exports = function install(Runner) {
	const { onRun, start } = Runner.prototype;
	const spans = new Spans('ava');
	const open = new Map(); // the span's id by title, which is unique in a file

	function end(title, outcome) {
		if (open.has(title))
			spans.end(open.get(title), outcome);
		open.delete(title);
	}

	function whole(file, { title, duration }, outcome) {
		spans.whole(title, Number(now()) - Math.round((duration || 0) * 1e6), outcome, spans.enter(file));
	}

	const events = {
		'selected-test': (file, event) => event.skip || event.todo ? whole(file, event, 'skipped') : undefined,
		'hook-failed': (file, event) => whole(file, event, 'failed'),
		'test-passed': (file, event) => end(event.title, event.knownFailing ? 'skipped' : 'passed'),
		'test-failed': (file, event) => end(event.title, 'failed'),
	};

	function watch(runner) {
		spans.enter(runner.file);
		runner.on('stateChange', safely((event) => {
			if (Object.prototype.hasOwnProperty.call(events, event.type))
				events[event.type](runner.file, event);
		}));
	}

	const begin = safely((file, { title, metadata }) => {
		if (metadata.type === 'test')
			open.set(title, spans.begin(title, spans.enter(file)));
	});

	Runner.prototype.onRun = function (runnable) {
		begin(this.file, runnable);
		return onRun.call(this, runnable);
	};

	Runner.prototype.start = function (...words) {
		safely(watch)(this);
		const done = start.apply(this, words);
		const leave = safely(() => spans.leave());
		done.then(leave, leave);
		return done;
	};
};
