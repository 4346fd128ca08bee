import type { Sql } from '../../../db/session.ts';
import type { Counts } from '../job.ts';

/** Two days of a job that runs every ten minutes, most of a year of one that runs daily. */
const KEPT_RUNS = 300;

/** For a job whose lock this session holds: whoever else was running it is dead. In one transaction. */
export async function insertRun(
  sql: Sql,
  { job, startedBy }: { readonly job: string; readonly startedBy: Readonly<Record<string, string>> },
): Promise<string> {
  await sql`update public.job_runs set outcome = 'LOST' where job_name = ${job} and outcome = 'RUNNING'`;
  await sql`
    delete from public.job_runs
     where job_name = ${job}
       and id < (select id from public.job_runs where job_name = ${job} order by id desc offset ${KEPT_RUNS - 2} limit 1)`;
  const [row] = await sql<{ id: string }[]>`
    insert into public.job_runs (job_name, started_by)
    values (${job}, ${sql.json(startedBy)}::jsonb || jsonb_build_object('database_role', current_user::text))
    returning id::text as id`;
  return row?.id ?? '';
}

export interface RunEnd {
  readonly outcome: 'DONE' | 'STOPPED' | 'FAILED';
  readonly calls: number;
  readonly counts: Counts;
  readonly sqlstate: string | undefined;
}

export async function endRun(sql: Sql, id: string, { outcome, calls, counts, sqlstate }: RunEnd): Promise<void> {
  await sql`
    update public.job_runs
       set finished_at = clock_timestamp(), outcome = ${outcome}, calls = ${calls},
           counts = ${sql.json(counts)}::jsonb, sqlstate = ${sqlstate ?? null}
     where id = ${id}::bigint`;
}
