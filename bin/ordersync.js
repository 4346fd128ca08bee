#!/usr/bin/env node
'use strict';
// CommonJS on purpose: loading node's ES module loader costs a fifth of a bare start, and --version and --help do not
// need it (docs/decisions/004). They print what the build wrote down; everything else is the bundle of src.
const { readFileSync } = require('node:fs');
const process = require('node:process');

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    // `ordersync … | head -1` closes the pipe: that is the reader's right, not an error.
    if (error.code === 'EPIPE') return;
    process.exitCode = 3;
    if (stream === process.stdout) process.stderr.write(`ordersync: cannot write the results: ${error.code}\n`);
  });
}

let finished = false;
process.once('beforeExit', () => {
  // Node ends with 0 when nothing is left that could go on, whether or not the work has come to its end.
  if (!finished) {
    process.stderr.write('ordersync: a bug: the program ended before its work did; please report it\n');
    process.exitCode = 1;
  }
  // Everything is written: what remains is taking V8's heap apart, page by page.
  process.exit();
});

const argv = process.argv.slice(2);
const WRITTEN = new Map([
  ['--version', 'version.txt'],
  ['-V', 'version.txt'],
  ['--help', 'help.txt'],
  ['-h', 'help.txt'],
]);
const written = argv.length === 1 ? WRITTEN.get(argv[0]) : undefined;

// The written help is 80 columns wide; a narrower terminal gets its own.
if (written !== undefined && (process.stdout.columns ?? 80) >= 80) {
  process.stdout.write(readFileSync(`${__dirname}/../dist/${written}`, 'utf8'));
  finished = true;
} else {
  void start();
}

async function start() {
  // The AWS SDK warns on standard error about the Node.js of its future releases: nothing its user can act on.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const { main } = require('../dist/program/main.cjs');
  const code = await main(argv, {
    // Opened when something is read from it: few commands do.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    exit: (code) => process.exit(code),
    onSignal: (listener) => {
      process.on('SIGINT', listener).on('SIGTERM', listener);
      return () => process.off('SIGINT', listener).off('SIGTERM', listener);
    },
  });
  // A stream that failed has set its own.
  if (code !== 0) process.exitCode = code;
  finished = true;
}
