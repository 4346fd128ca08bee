import type { Context, Work } from '../../../context.ts';
import type { CipherChoice } from '../../../crypto/cipher-batch.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Probe } from '../../../keystore/keystore.ts';
import { dataKeyContext } from '../../../keystore/keystore.ts';
import { loadDatabaseKeys } from '../../encryption/database-keys.ts';
import type { DataKeyRow } from '../../encryption/queries.ts';
import type { KeyType } from '../../encryption/registry.ts';
import { KEY_TYPES } from '../../encryption/registry.ts';
import type { PlannedKey } from '../create.ts';
import { keyIdOf, nextVersion } from '../create.ts';
import type { Preflight } from './preflight.ts';
import { preflight } from './preflight.ts';
import { readPresent } from './preflight-queries.ts';
import type { RunRow } from './run-queries.ts';
import { readRuns } from './run-queries.ts';
import { rotationTables } from './tables.ts';
import type { Pace, RotationTable } from './types.ts';

export interface PlanRequest {
  readonly keyType: KeyType;
  /** Names of tables; empty for all that have values of the type. */
  readonly tables: readonly string[];
  /** Only go on with what was begun, and never make a key. */
  readonly resume: boolean;
  /** An ACTIVE key that is younger is left alone. */
  readonly ifOlderThanMs: number;
  readonly crypto: CipherChoice;
  readonly pace: Pace;
  /** A dry run reads every table once, to count what is pending. */
  readonly dryRun: boolean;
}

/** What a rotation of one type begins with. */
export type Decision =
  | { readonly kind: 'start'; readonly from: DataKeyRow; readonly key: PlannedKey & { readonly kind: 'data-key' } }
  | { readonly kind: 'resume'; readonly run: RunRow }
  | { readonly kind: 'reopen'; readonly run: RunRow }
  /** The ACTIVE key is young. `aborted`: a run that --resume would take up again. */
  | { readonly kind: 'young'; readonly active: DataKeyRow; readonly aborted: RunRow | undefined }
  | { readonly kind: 'nothing to resume'; readonly active: DataKeyRow };

export interface RotationPlan {
  readonly keyType: KeyType;
  readonly decision: Decision;
  /** Keys of the type that only decrypt: the values under them are what is left to do. */
  readonly rotating: readonly string[];
  readonly tables: readonly RotationTable[];
  /** False when tables with values of the type were left out: then no key can be retired. */
  readonly everyTable: boolean;
  /** Undefined when there is nothing to do. */
  readonly preflight: Preflight | undefined;
}

/**
 * What rotating this type would do, and whether it could. Reads only; the key store is asked, without being used, only when
 * there is something to do.
 */
export async function* planRotation(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  request: PlanRequest,
): Work<RotationPlan> {
  const { keyType, crypto, pace, dryRun } = request;
  const { dataKeys, runs } = await readState(session, keyType);
  const decision = decide(request, dataKeys, runs);
  const all = rotationTables(keyType);
  const tables = rotationTables(keyType, request.tables);
  const plan = {
    keyType,
    decision,
    rotating: dataKeys.filter(({ status }) => status === 'ROTATING').map(({ keyId }) => keyId),
    tables,
    everyTable: tables.length === all.length,
  };
  if (decision.kind === 'young' || decision.kind === 'nothing to resume') return { ...plan, preflight: undefined };
  const toKeyId = decision.kind === 'start' ? undefined : decision.run.toKeyId;
  const looked = yield* preflight(session, { tables, dataKeys, toKeyId, crypto, pace, count: dryRun });
  await (await ctx.keys()).probe(probeOf(decision, dataKeys));
  return { ...plan, preflight: looked };
}

/** The types that have a key at all; all types when none has, so that each says how to make one. */
export async function typesWithKeys({ sql }: Session): Promise<readonly KeyType[]> {
  const { dataKeys } = await loadDatabaseKeys(sql, neverOpened);
  const found = KEY_TYPES.filter((type) => dataKeys.some(({ keyType }) => keyType === type));
  return found.length === 0 ? KEY_TYPES : found;
}

/** The keys and unfinished runs of one type. @throws OrdersyncError `precondition` when the tables are not there */
export async function readState(
  { sql }: Session,
  keyType: KeyType,
): Promise<{ readonly dataKeys: readonly DataKeyRow[]; readonly runs: readonly RunRow[] }> {
  await requireRunTables(sql);
  const { dataKeys } = await loadDatabaseKeys(sql, neverOpened);
  const runs = await readRuns(sql);
  return {
    dataKeys: dataKeys.filter((key) => key.keyType === keyType),
    runs: runs.filter((run) => run.keyType === keyType),
  };
}

/** @throws OrdersyncError `precondition` when a migration is missing */
export async function requireRunTables(sql: Session['sql']): Promise<void> {
  const tables = ['key_rotation_runs', 'key_rotation_chunks', 'key_rotation_bad_rows'];
  if ((await readPresent(sql, tables)).length === tables.length) return;
  throw new OrdersyncError('precondition', 'this database has no tables for key rotation', {
    hint: 'apply the migrations: ordersync migrate up',
  });
}

/** An unfinished run is always gone on with: a second one of the same type would leave what the first is writing. */
export function decide(
  { keyType, resume, ifOlderThanMs }: Pick<PlanRequest, 'keyType' | 'resume' | 'ifOlderThanMs'>,
  dataKeys: readonly DataKeyRow[],
  runs: readonly RunRow[],
): Decision {
  const active = dataKeys.find(({ status }) => status === 'ACTIVE');
  if (active === undefined) {
    throw new OrdersyncError('precondition', `there is no active key for the type ${keyType}`, {
      hint: `ordersync key create --type ${keyType}`,
    });
  }
  const running = runs.find(({ status }) => status === 'RUNNING');
  if (running !== undefined) return { kind: 'resume', run: requireActiveTarget(running, active) };
  const aborted = runs.find(({ status, toKeyId }) => status === 'ABORTED' && toKeyId === active.keyId);
  if (resume) {
    return aborted === undefined ? { kind: 'nothing to resume', active } : { kind: 'reopen', run: aborted };
  }
  if (active.ageMs < ifOlderThanMs) return { kind: 'young', active, aborted };
  const version = nextVersion(dataKeys);
  return { kind: 'start', from: active, key: { kind: 'data-key', keyType, version, keyId: keyIdOf(keyType, version) } };
}

function requireActiveTarget(run: RunRow, active: DataKeyRow): RunRow {
  if (run.toKeyId === active.keyId) return run;
  throw new OrdersyncError(
    'precondition',
    `the unfinished rotation of ${run.keyType} leads to ${run.toKeyId}, but ${active.keyId} is active`,
    { hint: `end it with ordersync key rotate --type ${run.keyType} --abort, then rotate` },
  );
}

/** Everything that the run will ask of the key store. */
function probeOf(decision: Decision, dataKeys: readonly DataKeyRow[]): Probe {
  const needed = dataKeys.filter(({ status }) => status !== 'RETIRED');
  return {
    create: decision.kind === 'start' ? [dataKeyContext(decision.key)] : [],
    unwrap: needed.flatMap(({ material }) =>
      material?.wrapped == null
        ? []
        : [{ wrapped: material.wrapped, providerKey: material.providerKey, context: material.context }],
    ),
    rewrap: [],
  };
}

function neverOpened(): never {
  throw new TypeError('reading which keys there are needs no key store');
}
