import { OrdersyncError } from '../../../errors.ts';

const MICROS_PER_HOUR = 3_600_000_000n;
/** 2000-01-01T00:00:00Z, where PostgreSQL's time begins. */
const POSTGRES_EPOCH = 946_684_800_000_000n;

/** `2025-01-31T23:59:59.123456Z`. @throws OrdersyncError for a time that has no such form: about ±270 000 years */
export function isoOfMicros(micros: bigint): string {
  const seconds = floorDivide(micros, 1_000_000n);
  const fraction = String(micros - seconds * 1_000_000n).padStart(6, '0');
  return isoOfSeconds(seconds).replace('Z', `.${fraction}Z`);
}

/** `2025-01-31T23:00:00Z` */
export function isoOfSeconds(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) throw timeOutOfRange();
  return date.toISOString().replace('.000Z', 'Z');
}

export function timeOutOfRange(): OrdersyncError {
  return new OrdersyncError('precondition', 'a row has a time that no hour can be told of', {
    hint: 'correct rows whose time is infinite or hundreds of thousands of years away, then run the command again',
    facts: { reason: 'unrepresentable' },
  });
}

/** The hour that a time belongs to, as bounds in PostgreSQL's own microseconds. */
export interface Hour {
  readonly iso: string;
  readonly lower: bigint;
  /** Not part of it. */
  readonly upper: bigint;
}

export function hourOf(postgresMicros: bigint): Hour {
  const hour = floorDivide(postgresMicros + POSTGRES_EPOCH, MICROS_PER_HOUR);
  const lower = hour * MICROS_PER_HOUR - POSTGRES_EPOCH;
  return { iso: isoOfSeconds(hour * 3600n), lower, upper: lower + MICROS_PER_HOUR };
}

export function unixMicros(postgresMicros: bigint): bigint {
  return postgresMicros + POSTGRES_EPOCH;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}
