// Finds out which test runner this process of node is, or which runner's worker, and lets its wrapper report the tests.
// node preloads it, by NODE_OPTIONS, into the processes of `node --test` and of the programs of these runners. It must not
// fail, slow down or change any test: on any error, it stops silently.
'use strict';

(function () {
	const path = require('path');
	const Module = require('module');
	const { fileURLToPath, pathToFileURL } = require('url');

	const script = process.argv[1] || '';
	// The parent, which starts a process for each file, has no tests of its own without --test-isolation=none.
	const is_parent = process.execArgv.includes('--test');
	const is_alone = is_parent && process.execArgv.some((word) => /^--(experimental-)?test-isolation=none$/.test(word));
	// What these start gets the option from them: yarn has a node of its own in PATH.
	if ((is_parent && !is_alone) || /^yarn(pkg)?(\.c?js)?$|^yarn-[\d.]+\.cjs$/.test(path.basename(script)))
		return;
	const own = '--require=' + __filename;
	const { LATWRAP_SOCKET: socket, LATWRAP_NODE_TEST: is_below_test, LATWRAP_NODE_WORKER: worker, NODE_OPTIONS: options } = process.env;

	// Remove what is ours: processes that a test starts must have the options that they would have without us.
	const rest = (options || '').replace(own, '').trim();
	if (rest)
		process.env.NODE_OPTIONS = rest;
	else
		delete process.env.NODE_OPTIONS;
	delete process.env.LATWRAP_NODE_WORKER;
	if (!socket || is_below_test)
		return;

	// -- Finding the module in which each runner runs its tests ----------------------------------------------------------

	// Follows a chain of packages, each of which can see the next one.
	function resolve(from, names) {
		try {
			return names.reduce((place, name) => Module.createRequire(place).resolve(name), from);
		} catch (error) {
			return null;
		}
	}

	function modules(real_script) {
		const chains = {
			mocha: [['../lib/runner.js'], ['mocha/package.json', './lib/runner.js'], ['mocha', './lib/runner.js']],
			jest: [['jest/package.json', '@jest/core', 'jest-config', 'jest-circus/runner'], ['@jest/core', 'jest-config', 'jest-circus/runner']],
		};
		const found = {};
		// A runner that is installed globally starts that of the project.
		for (const place of [real_script, path.join(process.cwd(), 'package.json')])
			for (const runner of Object.keys(chains))
				for (const chain of chains[runner]) {
					const file = resolve(place, chain);
					if (file)
						found[file] = runner;
				}
		return found;
	}

	function is_esm(file) {
		const { type } = require(path.join(path.dirname(path.dirname(file)), 'package.json'));
		return type === 'module';
	}

	// Calls then with the module as soon as the process has loaded it. No hook is in the way of other modules.
	function when_loaded(file, then) {
		const define = (object, name, value) =>
			Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true });
		Object.defineProperty(require.cache, file, {
			configurable: true,
			get: () => undefined,
			set(module) {
				define(require.cache, file, module);
				Object.defineProperty(module, 'loaded', {
					configurable: true,
					enumerable: true,
					get: () => false,
					set(value) {
						define(module, 'loaded', value);
						try {
							then(module);
						} catch (error) {
							// The runner works as without us.
						}
					},
				});
			},
		});
	}

	const wrappers = {
		mocha: (module) => require('./mocha.cjs')(module.exports),
		jest: (module) => { module.exports = require('./jest.cjs')(module.exports); },
		ava: (module) => require('./ava.cjs')(module.exports),
	};

	function watch(found) {
		for (const file of Object.keys(found)) {
			const then = wrappers[found[file]];
			if (found[file] === 'playwright')
				require('./playwright.cjs')(file);
			// The runner imports the same module: whoever is first, it is there long before a test runs.
			else if (found[file] !== 'jest' && is_esm(file))
				import(pathToFileURL(file)).then((module) => then({ exports: module.Runner || module.default }), () => {});
			else
				when_loaded(file, then);
		}
	}

	// -- Workers: they are started without the option -----------------------------------------------------------------------

	// ava: only its threads, which it starts by a URL. Its processes hang if anything imports its modules first.
	const WORKERS = /[\\/](mocha[\\/](lib|bin)|jest-worker[\\/]build|playwright[\\/]lib[\\/](worker|common))[\\/]|^file:.*\/ava\/lib\/worker\//;

	// These workers show by their own path where their runner is.
	function modules_of_worker(file, found) {
		if (/[\\/]playwright[\\/]lib[\\/]/.test(file))
			return { [file]: 'playwright' };
		return /^file:.*\/ava\//.test(file) ? { [fileURLToPath(new URL('../runner.js', file))]: 'ava' } : found;
	}

	function follow(found) {
		const child_process = require('child_process');
		const threads = require('worker_threads');
		const { fork, spawn } = child_process;
		const { Worker } = threads;

		function with_option(given, file) {
			const env = Object.assign({}, (given && given.env) || process.env);
			env.NODE_OPTIONS = [env.NODE_OPTIONS, own].filter((word) => word).join(' ');
			env.LATWRAP_NODE_WORKER = JSON.stringify(modules_of_worker(String(file), found));
			return Object.assign({}, given, { env });
		}

		child_process.fork = function (file, words, given) {
			if (!WORKERS.test(String(file)))
				return fork.apply(this, arguments);
			return Array.isArray(words) ? fork.call(this, file, words, with_option(given, file)) : fork.call(this, file, with_option(words, file));
		};
		child_process.spawn = function (file, words, given) {
			if (file !== process.execPath || !Array.isArray(words) || !words.some((word) => WORKERS.test(word)))
				return spawn.apply(this, arguments);
			return spawn.call(this, file, words, with_option(given, words.find((word) => WORKERS.test(word))));
		};
		Object.assign(threads, {
			Worker: class extends Worker {
				constructor(file, given) {
					super(file, WORKERS.test(String(file)) ? with_option(given, file) : given);
				}
			},
		});
		Module.syncBuiltinESMExports();
	}

	// -- vitest: its main process ----------------------------------------------------------------------------------------

	function vitest(real_script) {
		const place = /^(.*[\\/]vitest)[\\/]vitest\.mjs$/.exec(real_script);
		if (place)
			require('./vitest.cjs')(place[1]);
	}

	// -- All of it ----------------------------------------------------------------------------------------------------------

	try {
		if (process.env.NODE_TEST_CONTEXT || is_alone) {
			require('./node-test.cjs')(is_alone);
		} else if (worker) {
			const found = JSON.parse(worker);
			watch(found);
			// mocha's own program again, for the options of node: it may have workers.
			if (/[\\/]mocha[\\/](lib[\\/]cli|bin)[\\/]/.test(script))
				follow(found);
		} else if (script) {
			const real_script = require('fs').realpathSync(script);
			const found = modules(real_script);
			watch(found);
			follow(found);
			vitest(real_script);
		}
	} catch (error) {
		// The command runs as without us.
	}
})();
