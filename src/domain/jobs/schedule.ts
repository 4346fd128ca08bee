import { parseCron } from './cron/expression.ts';
import { lastTime, nextTime } from './cron/times.ts';
import type { Zone } from './cron/zone.ts';
import { zoneOf } from './cron/zone.ts';
import type { Job } from './job.ts';

export interface Schedule {
  readonly zone: Zone;
  /** Milliseconds since 1970; undefined for a day that never comes. */
  nextAfter(instant: number): number | undefined;
  lastUntil(instant: number): number | undefined;
}

/** What is wrong with it, as a text, when the schedule or the zone cannot be read. */
export function scheduleOf({ name, schedule, timeZone }: Job): Schedule | string {
  const expression = parseCron(schedule);
  if (expression === undefined)
    return `${name}: "${schedule}" is not minute, hour, day, month and weekday as cron has them`;
  const zone = zoneOf(timeZone);
  if (zone === undefined) return `${name}: there is no time zone "${timeZone}"`;
  return {
    zone,
    nextAfter: (instant) => nextTime(expression, zone, instant),
    lastUntil: (instant) => lastTime(expression, zone, instant),
  };
}

/** The times that a scheduler in UTC is told. */
export function utcScheduleOf(job: Job): Schedule | string {
  return scheduleOf({ ...job, schedule: job.utcSchedule, timeZone: 'UTC' });
}

/** Clocks of schedulers are not the server's: a run counts for a time that it precedes by this much. */
const LONGEST_TOLERANCE_MS = 15 * 60_000;

export interface Slot {
  /** When the job was to run last. */
  readonly at: number;
  /** A run that began at or after this counts for it. */
  readonly from: number;
}

/** The time that a run at this instant is for; a moment early is still for the coming one. */
export function slotOf(schedule: Schedule, now: number): Slot | undefined {
  const next = schedule.nextAfter(now);
  const last = schedule.lastUntil(now);
  if (next !== undefined && next - now <= toleranceBefore(schedule, next)) return slotAt(schedule, next);
  return last === undefined ? undefined : slotAt(schedule, last);
}

export function slotAt(schedule: Schedule, at: number): Slot {
  return { at, from: at - toleranceBefore(schedule, at) };
}

/** A quarter of the time since the one before, so that no run counts twice. */
function toleranceBefore(schedule: Schedule, at: number): number {
  const before = schedule.lastUntil(at - 1);
  return before === undefined ? LONGEST_TOLERANCE_MS : Math.min(LONGEST_TOLERANCE_MS, (at - before) / 4);
}

/** "2026-11-30 00:00", on the clocks of the zone. */
export function localText(zone: Zone, instant: number): string {
  return new Date(zone.localAt(instant)).toISOString().slice(0, 16).replace('T', ' ');
}
