import type { Sql } from '../../db/session.ts';

/** How a run ended, in the words of job_runs; pg_cron knows fewer. */
export type Ending = 'RUNNING' | 'DONE' | 'STOPPED' | 'FAILED' | 'LOST';

export interface LastRun {
  readonly job: string;
  readonly by: 'jobs run' | 'pg_cron';
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly ending: Ending;
  readonly counts: unknown;
  readonly sqlstate: string | null;
  /** When the newest run began that did all there was to do. */
  readonly doneAt: number | null;
}

/** The newest run of each job that `jobs run` recorded. */
export function readOwnRuns(sql: Sql): Promise<LastRun[]> {
  return sql<LastRun[]>`
    select last.job_name as job, 'jobs run' as by,
           extract(epoch from last.started_at)::float8 * 1000 as "startedAt",
           extract(epoch from last.finished_at)::float8 * 1000 as "finishedAt",
           last.outcome as ending, last.counts, last.sqlstate,
           (select extract(epoch from max(done.started_at))::float8 * 1000
              from public.job_runs done
             where done.job_name = last.job_name and done.outcome = 'DONE') as "doneAt"
      from (select distinct on (job_name) * from public.job_runs order by job_name, id desc) last`;
}

/** Whether pg_cron is in this database, its records may be read, and jobs registered; its times are in this zone. */
export interface PgCron {
  readonly installed: boolean;
  readonly readable: boolean;
  readonly usable: boolean;
  readonly zone: string;
}

export async function readPgCron(sql: Sql): Promise<PgCron> {
  const [row] = await sql<PgCron[]>`
    select schema is not null as installed,
           coalesce(has_schema_privilege(schema, 'usage'), false)
             and coalesce(has_table_privilege(to_regclass('cron.job'), 'select'), false)
             and coalesce(has_table_privilege(to_regclass('cron.job_run_details'), 'select'), false) as readable,
           coalesce(has_schema_privilege(schema, 'usage'), false)
             and to_regprocedure('cron.schedule(text, text, text)') is not null as usable,
           -- Shown to those only who may see it; GMT is its default, and all there is before pg_cron 1.5.
           coalesce((select nullif(setting, '') from pg_catalog.pg_settings where name = 'cron.timezone'), 'GMT') as zone
      from (select to_regnamespace('cron') as schema) found`;
  return row ?? { installed: false, readable: false, usable: false, zone: 'GMT' };
}

/** The newest run of each registered job, found by walking back over the primary key, which is the only index there is. */
export function readCronRuns(sql: Sql): Promise<LastRun[]> {
  return sql<LastRun[]>`
    select job.jobname::text as job, 'pg_cron' as by,
           extract(epoch from coalesce(last.start_time, clock_timestamp()))::float8 * 1000 as "startedAt",
           extract(epoch from last.end_time)::float8 * 1000 as "finishedAt",
           case last.status when 'succeeded' then 'DONE' when 'failed' then 'FAILED' else 'RUNNING' end as ending,
           null as counts, null as sqlstate,
           (select extract(epoch from done.start_time)::float8 * 1000
              from cron.job_run_details done
             where done.jobid = job.jobid and done.status = 'succeeded'
             order by done.runid desc
             limit 1) as "doneAt"
      from cron.job
      join public.scheduled_jobs on scheduled_jobs.name = job.jobname
      cross join lateral (
        select status, start_time, end_time
          from cron.job_run_details
         where job_run_details.jobid = job.jobid
         order by runid desc
         limit 1) last
     where job.database = current_database()`;
}

export interface Registration {
  readonly job: string;
  readonly schedule: string;
  readonly command: string;
  readonly user: string;
  readonly active: boolean;
}

/** What this role may see of pg_cron's list: its own jobs, all of them for a superuser. */
export function readRegistrations(sql: Sql): Promise<Registration[]> {
  return sql<Registration[]>`
    select job.jobname::text as job, job.schedule, job.command, job.username as "user", job.active
      from cron.job
      join public.scheduled_jobs on scheduled_jobs.name = job.jobname
     where job.database = current_database()
     order by job.jobname, job.username`;
}
