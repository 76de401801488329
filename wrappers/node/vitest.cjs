// Gives vitest a runner that reports each test: vitest's own, with a few of its methods extended (vitest.mjs, in the
// process or thread that runs the tests). The configuration gets it from a plugin of vite, in vitest's main process.
'use strict';

const Module = require('module');
const { pathToFileURL } = require('url');
const path = require('path');

const MARK = '?latwrap';
const PLUGIN = pathToFileURL(path.join(__dirname, 'vitest-plugin.cjs')).href;

// Hooks of node, for vitest's one import of vite: what imports vite otherwise gets it as it is.
const hooks = {
	redirect: (specifier, { parentURL }, found) =>
		specifier === 'vite' && /\/vitest\/dist\//.test(parentURL) ? Object.assign({}, found, { url: found.url + MARK }) : found,
	source: (url) => {
		const real = JSON.stringify(url.slice(0, -MARK.length));
		return {
			format: 'module',
			shortCircuit: true,
			source: `import { createServer as create } from ${real};\nimport plugin from ${JSON.stringify(PLUGIN)};\n` +
				`export * from ${real};\nexport const createServer = plugin(create);\n`,
		};
	},
};

// directory: that of the package vitest
module.exports = function install(directory) {
	process.env.LATWRAP_VITEST = directory;
	if (Module.registerHooks)
		Module.registerHooks({
			resolve: (specifier, context, next) => hooks.redirect(specifier, context, next(specifier, context)),
			load: (url, context, next) => url.endsWith(MARK) ? hooks.source(url) : next(url, context),
		});
	else
		Module.register(pathToFileURL(path.join(__dirname, 'vitest-hooks.mjs')));
};
module.exports.hooks = hooks;
module.exports.MARK = MARK;
