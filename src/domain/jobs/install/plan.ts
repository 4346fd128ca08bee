import type { CallAgain } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { operator } from '../../operator.ts';
import { readPgCron } from '../history-queries.ts';
import { readJobs } from '../queries.ts';
import { requireTrust } from '../trust.ts';
import type { CrontabTimes } from './crontab.ts';
import { crontabLine, crontabText } from './crontab.ts';
import type { Entry } from './entry.ts';
import { entriesOf } from './entry.ts';
import type { RegistrationPlan } from './registrations.ts';
import { planRegistrations } from './registrations.ts';
import { unitScript, unitsOf } from './systemd.ts';

/** Something to print, in parts for machines and as one text for people. */
export interface WrittenPlan {
  readonly kind: 'crontab' | 'systemd';
  /** Lines of a crontab, or unit files by name. */
  readonly parts: readonly { readonly job: string; readonly file: string | undefined; readonly content: string }[];
  readonly text: string;
  /** Jobs that cannot be written down. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export type InstallPlan =
  | (RegistrationPlan & { readonly kind: 'pg_cron'; readonly warnings: readonly string[] })
  | WrittenPlan;

export interface InstallRequest {
  readonly as: 'pg_cron' | 'crontab' | 'crontab-utc' | 'systemd' | undefined;
  readonly callAgain: () => Promise<CallAgain>;
}

/**
 * What a scheduler is to be told.
 * @throws OrdersyncError those of requireTrust; `not_enabled`, `permission` when pg_cron is asked for and cannot be used
 */
export async function planInstall(session: Session, { as, callAgain }: InstallRequest): Promise<InstallPlan> {
  const warnings = await requireTrust(session);
  const scheduler = as ?? ((await canRegister(session)) ? 'pg_cron' : 'crontab');
  if (scheduler === 'pg_cron') return { kind: 'pg_cron', warnings, ...(await planRegistrations(session)) };
  const call = await callAgain();
  const { jobs } = await readJobs(session.sql);
  const { entries, problems } = entriesOf(jobs, call);
  const about = { problems, warnings: [...warnings, ...call.warnings] };
  if (scheduler === 'systemd') return systemd(entries, about);
  return { ...about, ...crontab(entries, scheduler === 'crontab' ? 'local' : 'utc') };
}

async function canRegister({ sql }: Session): Promise<boolean> {
  const { usable, readable } = await readPgCron(sql);
  return usable && readable;
}

type Written = Pick<WrittenPlan, 'kind' | 'parts' | 'text'>;

function crontab(entries: readonly Entry[], times: CrontabTimes): Written {
  const parts = entries.map((entry) => ({
    job: entry.job.name,
    file: undefined,
    content: crontabLine(entry, times),
  }));
  return { kind: 'crontab', parts, text: crontabText(entries, times) };
}

function systemd(entries: readonly Entry[], about: Pick<WrittenPlan, 'problems' | 'warnings'>): WrittenPlan {
  const { os_user: user } = operator();
  const parts = entries.flatMap((entry) =>
    unitsOf(entry, user).map(({ name, content }) => ({ job: entry.job.name, file: name, content })),
  );
  const root = user === 'root' ? ['the services would run as root: call this as the user who is to run them'] : [];
  return {
    kind: 'systemd',
    parts,
    text: unitScript(parts.map(({ file, content }) => ({ name: file, content }))),
    problems: about.problems,
    warnings: [...about.warnings, ...root],
  };
}
