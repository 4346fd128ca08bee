import { describe, expect, it } from 'vitest';
import type { LastRun } from '../../../src/domain/jobs/history-queries.ts';
import type { Job } from '../../../src/domain/jobs/job.ts';
import type { Schedule } from '../../../src/domain/jobs/schedule.ts';
import { scheduleOf, slotOf } from '../../../src/domain/jobs/schedule.ts';
import { judgeJob } from '../../../src/domain/jobs/status/judge.ts';

const NIGHTLY: Job = {
  name: 'nightly',
  schedule: '0 0 * * *',
  timeZone: 'Asia/Seoul',
  utcSchedule: '0 15 * * *',
  command: 'select 1',
  description: 'x',
  addedAt: Date.parse('2026-01-01T00:00:00Z'),
};
/** On the first of a month in Seoul; a scheduler in UTC is told a day later, because there it still is the month before. */
const MONTHLY: Job = { ...NIGHTLY, name: 'monthly', schedule: '0 3 1 * *', utcSchedule: '0 18 1 * *' };

function runAt(at: string, ending: LastRun['ending'] = 'DONE'): LastRun {
  const startedAt = Date.parse(at);
  const finishedAt = ending === 'RUNNING' || ending === 'LOST' ? null : startedAt + 1000;
  const doneAt = ending === 'DONE' ? startedAt : null;
  return { job: '', by: 'jobs run', startedAt, finishedAt, ending, counts: {}, sqlstate: null, doneAt };
}

function judged(now: string, last?: LastRun, { job = NIGHTLY, held = false } = {}) {
  const { state } = judgeJob(job, {
    now: Date.parse(now),
    graceMs: 15 * 60_000,
    history: {
      pgCron: { installed: false, readable: false, usable: false, zone: 'GMT' },
      lastRun: new Map(last === undefined ? [] : [[job.name, last]]),
      doneAt: new Map(),
    },
    registrations: [],
    held: new Set(held ? [job.name] : []),
  });
  return state;
}

describe('a job', () => {
  it('waits for its first time, and is overdue a quarter of an hour after it', () => {
    const job = { ...NIGHTLY, addedAt: Date.parse('2026-11-28T12:00:00Z') };
    expect(judged('2026-11-28T15:14:00Z', undefined, { job })).toBe('waiting');
    expect(judged('2026-11-28T15:15:00Z', undefined, { job })).toBe('overdue');
  });

  it('is done until its next time has passed without a run', () => {
    const last = runAt('2026-11-28T15:00:01Z');
    expect(judged('2026-11-29T15:14:59Z', last)).toBe('done');
    expect(judged('2026-11-29T15:15:00Z', last)).toBe('overdue');
    // A scheduler whose clock is ten minutes fast is no reason to worry.
    expect(judged('2026-11-29T15:15:00Z', runAt('2026-11-29T14:50:00Z'))).toBe('done');
  });

  it('that a scheduler in UTC runs a day later is not overdue before that', () => {
    const last = runAt('2026-11-01T18:00:01Z');
    expect(judged('2026-12-01T12:00:00Z', last, { job: MONTHLY })).toBe('done');
    expect(judged('2026-12-01T18:15:00Z', last, { job: MONTHLY })).toBe('overdue');
    expect(judged('2026-12-01T18:15:00Z', runAt('2026-11-30T18:00:01Z'), { job: MONTHLY })).toBe('done');
  });

  it('that is running still when it was to run again is overdue', () => {
    const last = runAt('2026-11-28T15:00:01Z', 'RUNNING');
    expect(judged('2026-11-29T15:14:00Z', last, { held: true })).toBe('running');
    expect(judged('2026-11-29T15:15:00Z', last, { held: true })).toBe('overdue');
  });

  it.each([
    ['FAILED', false, 'failed'],
    ['STOPPED', false, 'stopped'],
    ['LOST', false, 'lost'],
    ['RUNNING', false, 'lost'],
    ['RUNNING', true, 'running'],
  ] as const)('whose last run is %s (lock held: %s) is %s', (ending, held, state) => {
    expect(judged('2026-11-28T16:00:00Z', runAt('2026-11-28T15:00:01Z', ending), { held })).toBe(state);
  });
});

describe('the time that a run is for', () => {
  const schedule = scheduleOf(NIGHTLY) as Schedule;
  const forTime = (now: string): string => new Date(slotOf(schedule, Date.parse(now))?.at ?? 0).toISOString();

  it('is the last one, or the coming one when that is a quarter of an hour away at most', () => {
    expect(forTime('2026-11-28T15:00:00Z')).toBe('2026-11-28T15:00:00.000Z');
    expect(forTime('2026-11-29T14:44:59Z')).toBe('2026-11-28T15:00:00.000Z');
    expect(forTime('2026-11-29T14:45:00Z')).toBe('2026-11-29T15:00:00.000Z');
  });

  it('is never the same for two runs at two times, also of a job that runs every minute', () => {
    const everyMinute = scheduleOf({ ...NIGHTLY, schedule: '* * * * *' }) as Schedule;
    const slot = slotOf(everyMinute, Date.parse('2026-11-28T15:00:50Z'));
    expect(slot).toEqual({ at: Date.parse('2026-11-28T15:01:00Z'), from: Date.parse('2026-11-28T15:00:45Z') });
  });
});
