// Reports each test of jest, in the process that runs it: a worker, or jest's own with --runInBand.
'use strict';

const { Spans, assign, safely, join, now } = require('./channel.cjs');

function titles(block) {
	return block ? titles(block.parent).concat(block.name === 'ROOT_DESCRIBE_BLOCK' ? [] : block.name) : [];
}

// What jest-circus tells of one file, which it tells to the test environment, too
function watch(spans) {
	const open = new Map(); // by test: its span, and when it was known to fail
	let hook_ns = 0;

	function end(test, outcome) {
		const span = open.get(test);
		if (span)
			spans.end(span.id, outcome, outcome === 'failed' ? span.failed_ns : undefined);
		open.delete(test);
	}

	const events = {
		test_start({ test }) {
			const attempt = test.invocations > 1 ? test.invocations : undefined;
			open.set(test, { id: spans.begin(join(titles(test)), assign({ attempt }, spans.file)) });
		},
		test_fn_failure({ test }) {
			const span = open.get(test);
			if (span)
				span.failed_ns = now();
		},
		test_done({ test }) {
			end(test, test.errors.length ? 'failed' : 'passed');
		},
		test_skip({ test }) {
			end(test, 'skipped');
		},
		test_todo({ test }) {
			end(test, 'skipped');
		},
		hook_start() {
			hook_ns = now();
		},
		// A hook of a test fails that test, and beforeAll fails all of them.
		hook_failure({ describeBlock, hook }) {
			if (hook.type === 'afterAll')
				spans.whole(join(titles(describeBlock).concat('afterAll')), hook_ns, 'failed', spans.file);
		},
	};
	return safely((event) => {
		if (Object.prototype.hasOwnProperty.call(events, event.name))
			events[event.name](event);
	});
}

// exports: of jest-circus/runner, which runs one file. Returns those to use instead.
module.exports = function install(exports) {
	const run = typeof exports === 'function' ? exports : exports.default;
	const spans = new Spans('jest');

	function prepare(environment, file) {
		const hear = watch(spans);
		const others = environment.handleTestEvent;
		spans.enter(file);
		environment.handleTestEvent = function (event, state) {
			hear(event);
			return typeof others === 'function' ? others.call(this, event, state) : undefined;
		};
	}

	function watched(global_config, config, environment, runtime, file, ...rest) {
		safely(prepare)(environment, file);
		const done = run.call(this, global_config, config, environment, runtime, file, ...rest);
		const leave = (outcome) => safely(() => spans.leave(outcome))();
		done.then(() => leave(), () => leave('error'));
		return done;
	}

	return typeof exports === 'function' ? watched : assign(Object.create(null, { __esModule: { value: true } }), exports, { default: watched });
};
