import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { FoundJob } from '../../domain/jobs/find.ts';
import { findJob } from '../../domain/jobs/find.ts';
import { describeCounts } from '../../domain/jobs/job.ts';
import type { Rehearsal } from '../../domain/jobs/run/rehearse.ts';
import { rehearseJob } from '../../domain/jobs/run/rehearse.ts';
import type { JobRun } from '../../domain/jobs/run/run.ts';
import { runJob } from '../../domain/jobs/run/run.ts';
import type { Report } from '../../output/report.ts';
import { COUNT_COLUMNS, countCells } from './reports.ts';

interface RunPlan {
  readonly found: FoundJob;
  /** For --dry-run only. */
  readonly rehearsal: Rehearsal | undefined;
}

export const run = defineCommand({
  name: 'run',
  summary: 'run one job now, as a scheduler would, and say what it did',
  description:
    'Calls the statement of the job, again and again while its function says that there is more, each time in a short ' +
    'transaction of its own. A job that is running already is left to that run: exit 0, nothing done. Exit 6 when --max-time ' +
    'was up first: what was done is kept, and the next run goes on. --dry-run counts what would be done and changes nothing.',
  args: { job: option.text('name of the job', { required: true }) },
  options: {
    maxTime: option.duration('begin no further call after this', { default: 600_000 }),
    ifDue: option.flag('do nothing when a run since its last scheduled time has done it'),
    lockTimeout: option.duration('how long an attempt waits for rows and tables', { default: 150 }),
    retries: option.integer('how often an attempt is made again after a lock timeout or deadlock', {
      min: 0,
      max: 1000,
      default: 60,
    }),
  },
  examples: [
    'ordersync jobs run cleanup-sessions',
    'ordersync jobs run archive-audit-logs --dry-run',
    'ordersync jobs run reset-menu-sales --if-due',
  ],
  plan: async (ctx, request, { dryRun }): Promise<RunPlan> => {
    const session = await ctx.db.session();
    const found = await findJob(session, request.job);
    const limits = { lockTimeoutMs: request.lockTimeout, maxTimeMs: request.maxTime };
    return { found, rehearsal: dryRun ? await rehearseJob(session, found.job, limits) : undefined };
  },
  presentPlan: rehearsalReport,
  intent: ({ found }) => ({ action: `run the job ${found.job.name}`, destructive: false }),
  run: (ctx, request) =>
    runJob(ctx, {
      name: request.job,
      maxTimeMs: request.maxTime,
      lockTimeoutMs: request.lockTimeout,
      retries: request.retries,
      ifDue: request.ifDue,
    }),
  present: runReport,
});

function runReport(ran: JobRun): Report {
  const { job, outcome, counts, calls, durationMs, warnings } = ran;
  return {
    command: 'jobs run',
    columns: [
      { name: 'job' },
      { name: 'outcome', type: 'state' },
      { name: 'done' },
      ...COUNT_COLUMNS,
      { name: 'calls', type: 'integer', wide: true },
      { name: 'duration_ms', type: 'ms' },
    ],
    rows: [
      {
        job: job.name,
        outcome,
        done: calls === 0 ? 'nothing' : describeCounts(counts),
        ...countCells(counts),
        calls,
        duration_ms: Math.round(durationMs),
      },
    ],
    outcome: outcome === 'stopped' ? 'partial' : 'ok',
    notes: notesOn(ran),
    warnings,
  };
}

function notesOn({ outcome, holder }: JobRun): readonly string[] {
  if (outcome === 'already running') return [`already running elsewhere, and left to that run: ${holder}`];
  if (outcome === 'not due') return ['a run for this time has done it already'];
  return outcome === 'done' ? [] : ['there is more to do: run it again, or give it more time with --max-time'];
}

function rehearsalReport({ found, rehearsal }: RunPlan): Report {
  const { job, warnings } = found;
  const call = rehearsal?.call;
  const counts = call?.counts ?? {};
  return {
    command: 'jobs run',
    columns: [
      { name: 'job' },
      { name: 'would_do' },
      { name: 'rehearsal' },
      ...COUNT_COLUMNS,
      { name: 'statement', wide: true },
    ],
    rows: [
      {
        job: job.name,
        would_do: call === undefined ? null : describeCounts(counts),
        rehearsal: rehearsal?.how ?? null,
        ...countCells(counts),
        statement: job.command,
      },
    ],
    notes: [
      ...(rehearsal?.how === 'not possible'
        ? ['its statement cannot run inside a transaction: nobody can try it']
        : []),
      ...(call?.postponed === undefined ? [] : [`it would have to wait: ${call.postponed}`]),
      'nothing was changed',
    ],
    warnings,
  };
}
