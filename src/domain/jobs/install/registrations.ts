import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { PgCron, Registration } from '../history-queries.ts';
import { readPgCron, readRegistrations } from '../history-queries.ts';
import type { Job } from '../job.ts';
import { cronScheduleOf } from '../pg-cron.ts';
import { readJobs } from '../queries.ts';
import { callInstall, callUninstall } from './queries.ts';

export interface PlannedRegistration {
  readonly job: Job;
  /** Undefined when pg_cron would run it at another hour than it is meant for. */
  readonly schedule: string | undefined;
  /** `changed`: registered with another statement or schedule, or switched off. */
  readonly now: 'missing' | 'registered' | 'changed';
}

export interface RegistrationPlan {
  readonly pgCron: PgCron;
  readonly jobs: readonly PlannedRegistration[];
}

/** @throws OrdersyncError `not_enabled` where pg_cron is not in this database, or this role may not use it */
export async function planRegistrations(session: Session): Promise<RegistrationPlan> {
  const pgCron = await requirePgCron(session);
  const { jobs } = await readJobs(session.sql);
  const own = await readOwnRegistrations(session);
  return { pgCron, jobs: jobs.map((job) => planned(job, pgCron, own)) };
}

/** Registers every job and reads back what pg_cron has now. */
export async function registerJobs(session: Session): Promise<RegistrationPlan> {
  await callInstall(session.sql);
  return planRegistrations(session);
}

/** The jobs of this user in pg_cron; none where it is not. */
export async function readOwnRegistrations(session: Session): Promise<readonly Registration[]> {
  const { readable } = await readPgCron(session.sql);
  const registered = readable ? await readRegistrations(session.sql) : [];
  return registered.filter(({ user }) => user === session.server.user);
}

/** Takes them out. @returns which were there, and which still are */
export async function unregisterJobs(
  session: Session,
): Promise<{ readonly removed: readonly Registration[]; readonly left: readonly Registration[] }> {
  const before = await readOwnRegistrations(session);
  await callUninstall(session.sql);
  const left = await readOwnRegistrations(session);
  const kept = new Set(left.map(({ job }) => job));
  return { removed: before.filter(({ job }) => !kept.has(job)), left };
}

function planned(job: Job, { zone }: PgCron, own: readonly Registration[]): PlannedRegistration {
  const schedule = cronScheduleOf(job, zone);
  const found = own.find((registered) => registered.job === job.name);
  const same = found?.active === true && found.command === job.command && found.schedule === schedule;
  return { job, schedule, now: found === undefined ? 'missing' : same ? 'registered' : 'changed' };
}

async function requirePgCron(session: Session): Promise<PgCron> {
  const pgCron = await readPgCron(session.sql);
  if (pgCron.usable && pgCron.readable) return pgCron;
  const { user } = session.server;
  throw pgCron.installed
    ? new OrdersyncError('permission', `${user} may not use pg_cron`, {
        hint: `as a superuser: grant usage on schema cron to ${user}`,
      })
    : new OrdersyncError('not_enabled', 'pg_cron is not in this database', {
        hint: 'sql/config/pg_cron.conf says how it gets there; --as crontab and --as systemd do without it',
      });
}
