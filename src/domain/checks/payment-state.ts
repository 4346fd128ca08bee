import { readHistory } from '../jobs/history.ts';
import type { Check, Fix, Look, Sighting } from './check.ts';
import { ok } from './check.ts';
import { isPopulated, readStalePayments } from './payment-state-queries.ts';
import { inSection } from './section.ts';

const JOB = 'refresh-payment-state';
/** Three times the ten minutes of the job. */
const FRESH_MS = 30 * 60_000;
const DAY_MS = 86_400_000;

export const PAYMENT_STATE_CHECK: Check = {
  id: 'data.payment-state',
  title: 'payment_current_state is up to date',
  box: '데이터 보존: 자동 정리 크론잡 설정',
  profiles: ['pre-deploy', 'oncall', 'daily'],
  expected: `${JOB} ran within 30 minutes, or the view shows every payment as its events have it, but for those of the last 30 minutes`,
  why: 'who reads it decides on refunds by amounts that are not true any more',
  requires: [
    { kind: 'rows', name: 'public.payment_events' },
    { kind: 'rows', name: 'public.payment_current_state' },
    { kind: 'rows', name: 'public.job_runs' },
    { kind: 'rows', name: 'public.scheduled_jobs' },
  ],
  look: async ({ session, clock, limitMs }: Look) =>
    inSection(session, limitMs, async () => {
      if (!(await isPopulated(session.sql)))
        return [bad('critical', 'it was never filled: reading it is an error', FILL)];
      const doneAt = (await readHistory(session.sql)).doneAt.get(JOB);
      const now = clock.now().getTime();
      if (doneAt !== undefined && doneAt > now - FRESH_MS) return [ok(`refreshed at ${timeOf(doneAt)}`)];
      const { payments, since } = await readStalePayments(session.sql);
      const refreshed = doneAt === undefined ? 'nobody recorded a refresh' : `refreshed at ${timeOf(doneAt)}`;
      if (since === null) return [ok(`every payment is as its events have it; ${refreshed}`)];
      const severity = since < now - DAY_MS ? 'critical' : 'warning';
      return [
        bad(
          severity,
          `${payments} payments are not as their events say, the first since ${timeOf(since)}; ${refreshed}`,
          REFRESH,
        ),
      ];
    }),
};

const REFRESH: Fix = { kind: 'command', text: `ordersync jobs run ${JOB}` };
/** A view without rows cannot be refreshed beside its readers, as the job does it. */
const FILL: Fix = { kind: 'sql', text: 'refresh materialized view public.payment_current_state' };

function bad(severity: 'warning' | 'critical', evidence: string, fix: Fix): Sighting {
  return { severity, evidence, fix };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
