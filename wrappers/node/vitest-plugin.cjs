// Adds to the configuration of vite what makes vitest use our runner, unless the project has one of its own.
'use strict';

const path = require('path');

const plugin = {
	name: 'latwrap',
	config: (config) => (config.test && config.test.runner ? undefined :
		{ test: { runner: path.join(__dirname, 'node_modules', 'latwrap', 'vitest.mjs') } }),
};

// Benchmarks have a runner of another class.
module.exports = (create) => (config = {}) =>
	create(process.argv.includes('bench') ? config : Object.assign({}, config, { plugins: (config.plugins || []).concat(plugin) }));
