import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { describeCounts, parseCounts } from '../../domain/jobs/job.ts';
import type { JobStatus } from '../../domain/jobs/status/judge.ts';
import { GRACE_MS, UNHEALTHY } from '../../domain/jobs/status/judge.ts';
import { readStatus } from '../../domain/jobs/status/status.ts';
import type { Row } from '../../output/report.ts';
import { COUNT_COLUMNS, countCells } from './reports.ts';

export const status = defineCommand({
  name: 'status',
  summary: 'the last run of every job, and which failed or are overdue',
  description:
    'By the record that jobs run keeps and, where it may be read, that of pg_cron. Exit 5 when a job failed, stopped before it ' +
    'was done, vanished, is overdue, or is registered otherwise than scheduled_jobs has it.',
  options: {
    grace: option.duration('how late a job may be before it is overdue', { default: GRACE_MS }),
  },
  examples: ['ordersync jobs status', 'ordersync jobs status --grace 1h --format json'],
  run: async (ctx, { grace }) => readStatus(await ctx.db.session(), { graceMs: grace }),
  present: ({ jobs, warnings }) => {
    const unwell = jobs.filter(({ state }) => UNHEALTHY.has(state));
    return {
      command: 'jobs status',
      columns: [
        { name: 'job' },
        { name: 'state', type: 'state' },
        { name: 'last_run', type: 'time' },
        { name: 'by' },
        { name: 'done' },
        ...COUNT_COLUMNS,
        { name: 'duration_ms', type: 'ms', wide: true },
        { name: 'next_run', type: 'time' },
        { name: 'in_pg_cron', type: 'boolean', wide: true },
        { name: 'sqlstate', wide: true },
        { name: 'evidence' },
        { name: 'fix' },
      ],
      rows: jobs.map(rowOf),
      outcome: unwell.length === 0 ? 'ok' : 'unhealthy',
      notes: [unwell.length === 0 ? 'the jobs are well' : `${counted(unwell.length, 'job')} to look at`],
      warnings,
    };
  },
});

function rowOf({ job, state, last, next, registered, evidence, fix }: JobStatus): Row {
  return {
    job: job.name,
    state,
    ...lastCells(last),
    next_run: next ?? null,
    in_pg_cron: registered,
    evidence: evidence ?? null,
    fix: fix ?? null,
  };
}

function lastCells(last: JobStatus['last']): Row {
  if (last === undefined) return countCells({});
  const counts = parseCounts(last.counts);
  return {
    last_run: new Date(last.startedAt),
    by: last.by,
    done: last.counts === null ? null : describeCounts(counts),
    ...countCells(counts),
    duration_ms: last.finishedAt === null ? null : Math.round(last.finishedAt - last.startedAt),
    sqlstate: last.sqlstate,
  };
}
