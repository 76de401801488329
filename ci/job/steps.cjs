// The steps of the action ci/job: each runs a script of ci/action, as ci/action.yml does
'use strict';

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const SCRIPTS = path.join(__dirname, '..', 'action');

// The scripts take inputs from variables that a shell can have.
function inputs(more) {
  const found = { LATWRAP_INPUT_WORKING_DIRECTORY: process.env.GITHUB_WORKSPACE || '.' };
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith('INPUT_')) {
      found[`LATWRAP_${name.replaceAll('-', '_')}`] = value;
    }
  }
  for (const [name, value] of Object.entries(more)) {
    found[`LATWRAP_INPUT_${name}`] = value;
  }
  return found;
}

// Runs a script in a shell without the action's own variables. Returns its exit status; a signal counts as 1.
function run(script, more, environment = {}) {
  const own = Object.entries(process.env).filter(([name]) => !/^(INPUT|STATE)_/.test(name));
  const { status, error } = spawnSync('bash', [path.join(SCRIPTS, script)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...Object.fromEntries(own), ...inputs(more), ...environment },
  });
  if (error) {
    process.stdout.write(`::warning title=latwrap%3A not measured::bash cannot run: ${error.message}\n`);
  }
  return status ?? 1;
}

// The values that prepare.sh found are one line each.
function readOutputs(file) {
  const outputs = {};
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) {
      outputs[line.slice(0, at)] = line.slice(at + 1);
    }
  }
  return outputs;
}

function remember(values) {
  for (const name of ['directory', 'binary', 'report']) {
    fs.appendFileSync(process.env.GITHUB_STATE, `${name}=${values[name] || ''}${os.EOL}`);
  }
}

function remembered() {
  return {
    directory: process.env.STATE_directory || '',
    binary: process.env.STATE_binary || '',
    report: process.env.STATE_report || '',
  };
}

function scriptInputs({ directory, binary, report }) {
  return { DIRECTORY: directory, BINARY: binary, REPORT: report };
}

function prepare() {
  const directory = fs.mkdtempSync(path.join(process.env.RUNNER_TEMP || os.tmpdir(), 'latwrap-job.'));
  const file = path.join(directory, 'outputs');
  fs.writeFileSync(file, '');
  // prepare.sh refuses an action without a command.
  run('prepare.sh', { COMMAND: 'latwrap start', ARTIFACT: '', BASELINE: '' }, { GITHUB_OUTPUT: file });
  const outputs = readOutputs(file);
  fs.rmSync(directory, { recursive: true });
  remember(outputs);
  return outputs;
}

function start() {
  // GitHub does not run `pre` of an action in the workflow's own repository.
  const state = process.env.STATE_directory ? remembered() : prepare();
  if (state.binary) {
    run('start.sh', scriptInputs(state));
  }
}

function stop() {
  const state = remembered();
  // Nothing was prepared: a warning has said why.
  if (!state.directory) {
    return;
  }
  const status = state.binary ? run('stop.sh', scriptInputs(state)) : 0;
  run('report.sh', { ...scriptInputs(state), OUTCOME: 'job', BASELINE: '' });
  process.exitCode = status;
}

module.exports = { prepare, start, stop };
