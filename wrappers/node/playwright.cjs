// Reports each test of Playwright Test, in the worker that runs it. The worker tells the main process what it does by
// messages, the same ones in all versions; what runs is known through Playwright's documented test.info().
'use strict';

const path = require('path');
const { Spans, assign, safely, join } = require('./channel.cjs');

function outcome({ status, expectedStatus }) {
	if (status === 'skipped' || (status === 'failed' && expectedStatus === 'failed'))
		return 'skipped';
	return status === expectedStatus ? 'passed' : 'failed';
}

// script: a program in the package playwright
module.exports = function install(script) {
	const spans = new Spans('playwright');
	const package_file = path.join(/^(.*[\\/]playwright)[\\/]lib[\\/]/.exec(script)[1], 'test.js');
	const { send } = process;
	let test = null; // a test may break what require() needs
	const open = new Map(); // the span's id by test

	const events = {
		testBegin({ testId }) {
			test = test || require(package_file).test;
			const info = test.info();
			const project = info.project.name ? '[' + info.project.name + '] ' : '';
			const attempt = info.retry ? info.retry + 1 : undefined;
			const more = assign({ attempt, line: info.line }, spans.enter(info.file));
			open.set(testId, spans.begin(project + join(info.titlePath.slice(1)), more));
		},
		testEnd(ended) {
			if (open.has(ended.testId))
				spans.end(open.get(ended.testId), outcome(ended));
			open.delete(ended.testId);
		},
		done() {
			spans.leave();
		},
	};
	const hear = safely(({ method, params }) => {
		if (method === '__dispatch__' && Object.prototype.hasOwnProperty.call(events, params.method))
			events[params.method](params.params);
	});

	process.send = function (message, ...rest) {
		hear(message);
		return send.call(this, message, ...rest);
	};
};
