import type { ExitCode } from './cli/exit.ts';
import type { Io } from './cli/io.ts';

/**
 * argv (without node and script) → exit code. The only catch-all of the program: bin and the tests both call it.
 * Nothing heavy is imported before it is needed, so that --version and --help stay as quick as node itself.
 */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await dispatch(argv, io);
  } catch (error) {
    const { reportError } = await import('./cli/report-error.ts');
    return reportError(error, argv, io);
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<ExitCode> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    const { version } = await import('./version.ts');
    io.stdout.write(`ordersync ${version()}\n`);
    return 0;
  }
  if (argv.length === 2 && (argv[0] === 'help' || argv[0] === '--help')) {
    const { helpTopic } = await import('./cli/help-topics.ts');
    const text = helpTopic(argv[1] ?? '');
    if (text !== undefined) {
      io.stdout.write(text);
      return 0;
    }
  }
  const { parseArguments } = await import('./cli/program.ts');
  const parsed = await parseArguments(argv, io);
  if (parsed.kind === 'done') return parsed.code;
  if (parsed.kind === 'builtin') return parsed.call.builtin.run(io, parsed.call, main);
  const { runCommand } = await import('./cli/run.ts');
  return runCommand(io, parsed.invocation);
}
