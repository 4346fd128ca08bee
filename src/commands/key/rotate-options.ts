import type { OptionDef, Values } from '../../cli/options.ts';
import { option } from '../../cli/options.ts';
import type { KeyType } from '../../domain/encryption/registry.ts';
import { KEY_TYPES } from '../../domain/encryption/registry.ts';
import { rotationTables } from '../../domain/keys/rotate/tables.ts';
import type { Pace } from '../../domain/keys/rotate/types.ts';
import type { Sample } from '../../domain/keys/verify/verify.ts';
import { OrdersyncError } from '../../errors.ts';
import { KEY_STORE_OPTIONS, requireEncryptedTables, SAMPLE_OPTION, TABLES_OPTION } from './options.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** With none of 10,000 rows wrong, fewer than 0.03 % of all are, with 95 % confidence. */
const DEFAULT_SAMPLE = 10_000;

/** What the proof decrypts: `all`, a share or a number of the rows of each table. */
const VERIFY_OPTION: OptionDef<Sample | 'all'> = {
  ...option.text('what the proof decrypts of each table: all, 5% or 5000 rows', { placeholder: 'all|percent|rows' }),
  default: { rows: DEFAULT_SAMPLE },
  describeDefault: `${DEFAULT_SAMPLE}`,
  parse: (text) => (text === 'all' ? 'all' : SAMPLE_OPTION.parse(text)),
};

export const ROTATE_OPTIONS = {
  type: option.choice(['all', ...KEY_TYPES], 'pii, payment, business, or all of them one after the other', {
    default: 'all',
    placeholder: 'type',
  }),
  ...TABLES_OPTION,
  jobs: option.integer('chunks worked on at once (default: 1, at full speed 2)', { min: 1, max: 32 }),
  maxRate: option.integer('rows per second at most', { min: 1, placeholder: 'rows' }),
  maxWal: option.bytes('WAL per second at most, of the whole server'),
  maxLag: option.duration('pause while a standby or a slot lags more than this'),
  fullSpeed: option.flag('work all of the time instead of half; still yields to waiting sessions'),
  grace: option.duration('how long applications may use a cached key', { default: 5 * MINUTE_MS }),
  ifOlderThan: option.duration('leave an active key alone that is younger', { default: DAY_MS }),
  resume: option.flag('only go on with an unfinished rotation; never makes a key'),
  status: option.flag('show how far rotations are, and who works on them'),
  abort: option.flag('end an unfinished rotation; both keys stay usable'),
  crypto: option.choice(['auto', 'openssl'], 'what encrypts: the fastest that passes its test, or OpenSSL', {
    default: 'auto',
  }),
  verify: VERIFY_OPTION,
  ...KEY_STORE_OPTIONS,
};

export type RotateValues = Values<typeof ROTATE_OPTIONS>;

/** @throws OrdersyncError `usage` for options that do not go together, and tables without values of the type */
export function requireSense({ status, abort, resume, table, type }: RotateValues, dryRun: boolean): void {
  requireEncryptedTables(table);
  const modes = [...(status ? ['--status'] : []), ...(abort ? ['--abort'] : []), ...(resume ? ['--resume'] : [])];
  if (modes.length > 1) throw new OrdersyncError('usage', `${modes.join(' and ')} do not go together`);
  const [mode] = modes;
  if ((status || abort) && table.length > 0) {
    throw new OrdersyncError('usage', `${mode} is about whole rotations: --table does not go with it`);
  }
  if (status && dryRun) throw new OrdersyncError('usage', '--status changes nothing: --dry-run does not go with it');
  const foreign = table.find((name) => typesOf(type).every((keyType) => rotationTables(keyType, [name]).length === 0));
  if (foreign === undefined) return;
  throw new OrdersyncError('usage', `the table "${foreign}" has no values of the type ${type}`, {
    hint: `tables that have: ${typesOf(type)
      .flatMap((keyType) => rotationTables(keyType))
      .map((found) => found.table.name)
      .join(', ')}`,
  });
}

export function typesOf(type: RotateValues['type']): readonly KeyType[] {
  return type === 'all' ? KEY_TYPES : [type];
}

/** At full speed one job's statement is written while the other's is read and encrypted: measured, 1.2 times one alone. */
const JOBS = { fullSpeed: 2, gentle: 1 };

export function jobsOf({ jobs, fullSpeed }: RotateValues): number {
  return jobs ?? (fullSpeed ? JOBS.fullSpeed : JOBS.gentle);
}

export function paceOf({ fullSpeed, maxRate, maxWal, maxLag }: RotateValues): Pace {
  return { fullSpeed, maxRate, maxWal, maxLagMs: maxLag };
}

/** Undefined is everything. */
export function sampleOf({ verify }: RotateValues): Sample | undefined {
  return verify === 'all' ? undefined : verify;
}
