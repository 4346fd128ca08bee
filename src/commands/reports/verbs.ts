import type { AnyCommand } from '../../cli/command.ts';
import { defineCommand } from '../../cli/command.ts';
import type { OptionSet } from '../../cli/options.ts';
import { option } from '../../cli/options.ts';
import { readReport, reportCommands } from '../../domain/reports/catalog.ts';
import type { ReportFile } from '../../domain/reports/report-file.ts';
import { runReport } from '../../domain/reports/report.ts';
import { OrdersyncError } from '../../errors.ts';
import { paramOptions, paramValues } from './options.ts';
import { presentReport } from './present.ts';

/** One verb for each command of `sql/<noun>`: a file in that folder is all it takes. */
export function reportVerbs(noun: string): Readonly<Record<string, () => Promise<AnyCommand>>> {
  return Object.fromEntries(
    [...reportCommands(noun)].map(([name, paths]) => [
      name,
      async (): Promise<AnyCommand> => reportCommand(noun, name, readReport(paths)),
    ]),
  );
}

const COMMON = {
  timeout: option.duration('how long one section may take on the server', { default: 15_000 }),
  watch: option.duration('look again and again, with this pause'),
  count: option.integer('end --watch after so many looks', { min: 1 }),
};
const CHECK = { check: option.flag('exit 5 when a verdict is warning or critical, 3 when it is unknown') };
const WINDOW = { window: option.duration('what is counted from now on for this long, not since the last reset') };
const REPLICA = {
  replica: option.texts('a standby whose use counts too: a host, or a connection string; may be repeated', {
    placeholder: 'connection',
  }),
};
const REVEAL = { reveal: option.flag('show personal data too') };

function reportCommand(noun: string, name: string, files: readonly ReportFile[]): AnyCommand {
  const [first] = files;
  if (first === undefined || first.section !== name) {
    throw new OrdersyncError('usage', `sql/${noun}/${name}.sql is missing: a command's first section has its name`);
  }
  return defineCommand({
    name,
    summary: first.summary,
    ...(first.description === undefined ? {} : { description: first.description }),
    options: optionsOf(files),
    examples: first.examples,
    ...(judges(files) ? { formats: ['nagios', 'junit'] as const } : {}),
    repeat: repeatOf,
    run: async function* (ctx, request: Readonly<Record<string, unknown>>) {
      const replicas = files.some(({ replica }) => replica !== undefined)
        ? await ctx.replicas(request['replica'] as readonly string[]) // REPLICA's own type
        : [];
      const session = await ctx.db.session();
      return yield* runReport({ session, clock: ctx.clock, signal: ctx.signal }, files, {
        values: paramValues(files, request),
        statementTimeoutMs: Number(request['timeout']),
        windowMs: request['window'] === undefined ? undefined : Number(request['window']),
        reveal: request['reveal'] === true,
        replicas,
      });
    },
    present: (result, request: Readonly<Record<string, unknown>>) =>
      presentReport(result, {
        command: `${noun} ${name}`,
        check: request['check'] === true,
        several: files.length > 1,
      }),
  });
}

function optionsOf(files: readonly ReportFile[]): OptionSet {
  return {
    ...paramOptions(files),
    ...(files.some(({ snapshot }) => snapshot !== undefined) ? WINDOW : {}),
    ...(files.some(({ replica }) => replica !== undefined) ? REPLICA : {}),
    ...(files.some(({ columns }) => columns.some(({ flags }) => flags.includes('pii'))) ? REVEAL : {}),
    ...(judges(files) ? CHECK : {}),
    ...COMMON,
  };
}

function judges(files: readonly ReportFile[]): boolean {
  return files.some(({ rules, columns }) => rules.length > 0 || columns.some((column) => column.name === 'verdict'));
}

/** @throws OrdersyncError `usage` for --count without --watch */
function repeatOf({ watch, count }: Readonly<Record<string, unknown>>): { everyMs: number; times: number } | undefined {
  if (watch === undefined) {
    if (count === undefined) return undefined;
    throw new OrdersyncError('usage', '--count has no effect without --watch', { hint: 'add --watch 5s' });
  }
  return { everyMs: Number(watch), times: count === undefined ? Number.POSITIVE_INFINITY : Number(count) };
}
