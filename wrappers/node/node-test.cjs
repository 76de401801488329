// Reports each test of node:test, in the processes that `node --test` starts.
'use strict';

const { Spans, relative, safely } = require('./channel.cjs');

// alone: all tests run in one process (--test-isolation=none), whose arguments do not tell the file
module.exports = function install(alone) {
	const hooks = require('node:test');
	if (typeof hooks.beforeEach !== 'function' || typeof hooks.afterEach !== 'function')
		return;
	const file = alone ? null : process.argv[1];
	const spans = new Spans('node');
	const suite = alone ? null : spans.begin(relative(process.cwd(), file), { file });
	const open = new Map(); // a list by full name: several tests may have the same name
	const ids = new WeakMap();

	function name_of(context) {
		return String(context.fullName || context.name);
	}

	function begin(context) {
		const name = name_of(context);
		const around = open.get(name.slice(0, -(' > ' + context.name).length));
		const parent = around && around.length ? around[around.length - 1] : suite;
		const id = spans.begin(name, { file: context.filePath || file || undefined, parent: parent || undefined });
		ids.set(context, id);
		open.set(name, (open.get(name) || []).concat(id));
	}

	function end(context) {
		const id = ids.get(context);
		const name = name_of(context);
		if (id === undefined)
			return;
		const left = (open.get(name) || []).filter((other) => other !== id);
		left.length ? open.set(name, left) : open.delete(name);
		// Available since node 20.12.
		spans.end(id, context.passed === undefined ? undefined : context.passed ? 'passed' : 'failed');
	}

	hooks.beforeEach(safely(begin));
	hooks.afterEach(safely(end));
	if (suite)
		process.on('exit', safely(() => spans.endAtExit(suite)));
};
