/** The clocks of one time zone. Instants are milliseconds since 1970; a local time is what Date.UTC makes of its digits. */
export interface Zone {
  readonly name: string;
  localAt(instant: number): number;
  /** Of a time that the clocks repeat the first instant; of one that they skip the same distance after the change. */
  instantOf(local: number): number;
}

const DAY_MS = 86_400_000;

/** Undefined for a name that is no zone of the IANA database. */
export function zoneOf(name: string): Zone | undefined {
  const format = formatOf(name);
  if (format === undefined) return undefined;
  const localAt = (instant: number): number => {
    const part = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const at = (type: Intl.DateTimeFormatPartTypes): number => part.get(type) ?? 0;
    return Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'));
  };
  const offsetAt = (instant: number): number => localAt(instant) - Math.floor(instant / 1000) * 1000;
  return {
    name,
    localAt,
    instantOf: (local) => {
      // No clock is changed twice within two days.
      const before = local - offsetAt(local - DAY_MS);
      const after = local - offsetAt(local + DAY_MS);
      const real = [before, after].filter((instant) => localAt(instant) === local);
      return real.length === 0 ? before : Math.min(...real);
    },
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined; // what it throws for a zone that it does not know
    throw error;
  }
}
