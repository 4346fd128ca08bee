import { redact } from '../db/redact.ts';
import { describeServerError } from '../db/server-error.ts';
import { sqlstateOf } from '../db/sqlstate.ts';
import { OrdersyncError } from '../errors.ts';
import { renderError } from '../output/error.ts';
import { NAGIOS_UNKNOWN, nagiosFailure } from '../output/nagios.ts';
import { terminalOf } from '../output/terminal.ts';
import type { ExitCode } from './exit.ts';
import { exitCodeOf } from './exit.ts';
import type { Io } from './io.ts';

/** The single exit of every failure: printed once, redacted, on stderr. Works on raw argv, for parsing may be what failed. */
export function reportError(thrown: unknown, argv: readonly string[], io: Io): ExitCode {
  // A refusal that no command put into words, such as a right that was missing, is no bug of ours.
  const error = sqlstateOf(thrown) === undefined ? thrown : (describeServerError(thrown) ?? thrown);
  const terminal = terminalOf(io.stderr, io.env, {
    color: argv.includes('--no-color') ? false : argv.includes('--color') || undefined,
  });
  const format = /--format[= ](?:nd)?json\b/.test(argv.join(' ')) ? 'json' : 'table';
  io.stderr.write(renderError(error, { terminal, format, debug: argv.includes('--debug'), redact }));
  if (!/--format[= ]nagios\b/.test(argv.join(' '))) return exitCodeOf(error);
  // Such programs read standard output only.
  io.stdout.write(nagiosFailure(redact(error instanceof OrdersyncError ? error.message : 'a bug in ordersync')));
  return NAGIOS_UNKNOWN;
}
