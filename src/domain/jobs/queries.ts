import type { Sql } from '../../db/session.ts';
import type { Job } from './job.ts';

/** The jobs by name, and the server's clock, which decides what is due. */
export async function readJobs(sql: Sql): Promise<{ readonly now: number; readonly jobs: readonly Job[] }> {
  const [[clock], jobs] = await Promise.all([
    sql<{ now: number }[]>`select extract(epoch from clock_timestamp())::float8 * 1000 as now`,
    sql<Job[]>`
      select name, schedule, time_zone as "timeZone", utc_schedule as "utcSchedule", command, description,
             extract(epoch from added_at)::float8 * 1000 as "addedAt"
        from public.scheduled_jobs
       order by name`,
  ]);
  return { now: clock?.now ?? 0, jobs };
}

export interface JobsOwner {
  readonly owner: string;
  readonly ownerIsSuperuser: boolean;
  /** Roles that may change what the jobs do, and are neither the owner nor superusers. */
  readonly writers: readonly string[];
  /** Roles that may put functions beside those that the jobs call. */
  readonly creators: readonly string[];
}

export async function readOwner(sql: Sql): Promise<JobsOwner> {
  const [row] = await sql<JobsOwner[]>`
    with other as (
      select role.oid, role.rolname, jobs.oid as jobs, jobs.relnamespace as namespace
        from pg_catalog.pg_roles role
        join pg_catalog.pg_class jobs on jobs.oid = 'public.scheduled_jobs'::regclass
       where not role.rolsuper
         and role.rolname !~ '^pg_' -- who is a member of such a role stands for himself
         and not pg_has_role(role.oid, jobs.relowner, 'member')
    )
    select pg_get_userbyid(relowner)::text as owner,
           (select rolsuper from pg_catalog.pg_roles where pg_roles.oid = relowner) as "ownerIsSuperuser",
           array(
             select rolname::text
               from other
              where has_any_column_privilege(other.oid, other.jobs, 'insert')
                 or has_any_column_privilege(other.oid, other.jobs, 'update')
              order by 1) as writers,
           array(
             select rolname::text
               from other
              where has_schema_privilege(other.oid, other.namespace, 'create')
              order by 1) as creators
      from pg_catalog.pg_class
     where oid = 'public.scheduled_jobs'::regclass`;
  if (row === undefined) throw new TypeError('the table was there when it was named');
  return row;
}
