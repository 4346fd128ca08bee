import type { CronExpression } from './expression.ts';
import type { Zone } from './zone.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Between two 29th of February lie up to eight years (1896 to 1904). */
const MOST_DAYS = 366 * 8 + 1;

/** The first instant after the given one; undefined when there is none, as for the 30th of February. */
export function nextTime(expression: CronExpression, zone: Zone, after: number): number | undefined {
  const here = zone.localAt(after);
  for (let day = startOfDay(here), count = 0; count < MOST_DAYS; day += DAY_MS, count += 1) {
    // Clocks are changed by up to two hours: what is further back cannot come after.
    const times = timesOn(expression, day).filter((local) => local > here - 3 * HOUR_MS);
    for (const local of times) {
      const instant = zone.instantOf(local);
      if (instant > after) return instant;
    }
  }
  return undefined;
}

/** The last instant not after the given one; undefined when there is none. */
export function lastTime(expression: CronExpression, zone: Zone, until: number): number | undefined {
  const here = zone.localAt(until);
  for (let day = startOfDay(here), count = 0; count < MOST_DAYS; day -= DAY_MS, count += 1) {
    const times = timesOn(expression, day).filter((local) => local < here + 3 * HOUR_MS);
    for (const local of times.toReversed()) {
      const instant = zone.instantOf(local);
      if (instant <= until) return instant;
    }
  }
  return undefined;
}

/** Local times of one day, in order. */
function timesOn(expression: CronExpression, day: number): readonly number[] {
  if (!isMeant(expression, new Date(day))) return [];
  return expression.hours.flatMap((hour) =>
    expression.minutes.map((minute) => day + hour * HOUR_MS + minute * MINUTE_MS),
  );
}

function isMeant({ months, days, weekdays, eitherDay }: CronExpression, day: Date): boolean {
  if (!months.includes(day.getUTCMonth() + 1)) return false;
  const fits = [days.includes(day.getUTCDate()), weekdays.includes(day.getUTCDay())];
  return eitherDay ? fits.includes(true) : !fits.includes(false);
}

function startOfDay(local: number): number {
  return Math.floor(local / DAY_MS) * DAY_MS;
}
