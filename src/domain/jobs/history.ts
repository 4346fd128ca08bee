import type { Sql } from '../../db/session.ts';
import type { LastRun, PgCron } from './history-queries.ts';
import { readCronRuns, readOwnRuns, readPgCron } from './history-queries.ts';

export interface History {
  readonly pgCron: PgCron;
  /** The newest run of each job, whoever called it. */
  readonly lastRun: ReadonlyMap<string, LastRun>;
  /** When the newest run of each job began that did all there was to do, in milliseconds since 1970. */
  readonly doneAt: ReadonlyMap<string, number>;
}

/** What `jobs run` and, where it may be read, pg_cron remember of the jobs. */
export async function readHistory(sql: Sql): Promise<History> {
  const pgCron = await readPgCron(sql);
  const runs = [...(await readOwnRuns(sql)), ...(pgCron.readable ? await readCronRuns(sql) : [])];
  const lastRun = new Map<string, LastRun>();
  const doneAt = new Map<string, number>();
  for (const run of runs) {
    const known = lastRun.get(run.job);
    if (known === undefined || known.startedAt < run.startedAt) lastRun.set(run.job, run);
    if (run.doneAt !== null) doneAt.set(run.job, Math.max(run.doneAt, doneAt.get(run.job) ?? 0));
  }
  return { pgCron, lastRun, doneAt };
}
