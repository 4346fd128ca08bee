import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { DatabaseKeys } from '../../encryption/database-keys.ts';
import type { DataKeyRow } from '../../encryption/queries.ts';
import { requireJournal } from '../plan/plan.ts';
import { ARCHIVED_TABLE_NAMES } from '../plan/tables.ts';
import type { JournalEntry } from '../run/journal-queries.ts';
import { readJournal } from '../run/journal-queries.ts';
import { requireOwnBackend } from '../run/lock.ts';
import type { RewrapEntry, RewrapState } from './journal-queries.ts';
import { hasRewraps, readRewraps } from './journal-queries.ts';
import type { SourceKeys } from './queries.ts';
import { readSourceKeys } from './queries.ts';

export interface RewrapRequest {
  /** None: all. */
  readonly tables: readonly string[];
  /** None: all. */
  readonly months: readonly string[];
  /** Name or kid of the key to be rid of; undefined: every key but the active ones. */
  readonly fromKey: string | undefined;
  /** Remove files of which proven other ones hold the rows. */
  readonly removeOld: boolean;
}

/** Values under one key, by the name of the key where it has one here. */
export interface KeyCount {
  readonly key: string;
  readonly values: number;
}

/** One manifest, and why it is in the plan. */
export interface PlannedManifest {
  readonly sequence: number;
  readonly table: string;
  readonly month: string;
  readonly role: 'month' | 'supplement';
  /** Of its sources with such values. */
  readonly rows: number;
  readonly bytes: number;
  /** The keys that it is about. */
  readonly keys: readonly KeyCount[];
}

/** A manifest whose values are to be encrypted anew. */
export interface PlannedRewrap extends PlannedManifest {
  readonly kids: readonly string[];
  /** What an earlier run has begun. */
  readonly state: RewrapState | undefined;
}

/** A manifest with such values that is left as it is. */
export interface StayingManifest extends PlannedManifest {
  readonly why: string;
}

/** A superseded manifest whose files are still kept. */
export interface OldManifest extends PlannedManifest {
  readonly state: RewrapState;
  readonly successor: number;
}

export interface RewrapPlan {
  readonly rewraps: readonly PlannedRewrap[];
  readonly stays: readonly StayingManifest[];
  readonly old: readonly OldManifest[];
}

/**
 * Which archives have values under keys that are to go. Reads only.
 * @throws OrdersyncError `usage` for a key that does not exist; `precondition` for one that is active or destroyed
 */
export async function planRewrap(session: Session, keys: DatabaseKeys, request: RewrapRequest): Promise<RewrapPlan> {
  requireOwnBackend(session);
  await requireJournal(session);
  if (!(await hasRewraps(session.sql))) throw unprepared();
  const from = request.fromKey === undefined ? undefined : fromKeyOf(keys, request.fromKey);
  const entries = new Map((await readRewraps(session.sql)).map((entry) => [entry.supersedes, entry]));
  const busy = busyMonths(await readJournal(session.sql, ARCHIVED_TABLE_NAMES));
  const rewraps: PlannedRewrap[] = [];
  const stays: StayingManifest[] = [];
  const old: OldManifest[] = [];
  for (const sources of bySequence(await readSourceKeys(session.sql, request.tables, request.months))) {
    const [{ sequence, table, month }] = sources;
    const entry = entries.get(sequence);
    const wanted = (kid: string): boolean => isWanted(kid, keys, from);
    if (entry?.sequence != null) {
      if (entry.state !== 'removed' && (from === undefined || sources.some((source) => from in source.keyIds)))
        old.push({ ...plannedOf(sources, keys, () => true), state: entry.state, successor: entry.sequence });
      continue;
    }
    const lost = sources
      .flatMap(({ keyIds }) => Object.keys(keyIds))
      .filter((kid) => wanted(kid) && !isThere(kid, keys));
    if (lost.length > 0) stays.push({ ...plannedOf(sources, keys, (kid) => lost.includes(kid)), why: LOST });
    const planned = plannedOf(sources, keys, (kid) => wanted(kid) && isThere(kid, keys));
    if (planned.keys.length === 0) continue;
    const why = busy.get(`${table} ${month}`);
    if (why === undefined) rewraps.push({ ...planned, kids: kidsOf(sources, wanted, keys), state: stateOf(entry) });
    else stays.push({ ...planned, why });
  }
  return { rewraps, stays, old };
}

const LOST = 'their key is not in this database, or was destroyed: nobody can encrypt them anew';

/** Why archives of a month have to stay as they are: rows of it are about to be compared with them, or said again. */
export function busyMonths(journal: readonly JournalEntry[]): ReadonlyMap<string, string> {
  const busy = journal.filter(({ state }) => state !== 'dropped' && state !== 'restored');
  return new Map(
    busy.map(({ table, month, state }) => [
      `${table} ${month}`,
      `the month has not left the database (${state}): rotate it there, and let archive run finish it`,
    ]),
  );
}

function fromKeyOf({ dataKeys }: DatabaseKeys, name: string): string {
  const row = dataKeys.find(({ keyId, material }) => keyId === name || material?.kid === name);
  if (row?.material == null) {
    throw new OrdersyncError('usage', `there is no key "${name}"`, {
      hint: `keys: ${dataKeys.map(({ keyId }) => keyId).join(', ') || 'none'}`,
    });
  }
  if (row.status === 'ACTIVE') {
    throw new OrdersyncError(
      'precondition',
      `${row.keyId} is the active key: archives are moved to it, not away from it`,
      {
        hint: `rotate its type first: ordersync key rotate --type ${row.keyType}`,
        facts: { key_id: row.keyId },
      },
    );
  }
  if (row.material.wrapped !== null) return row.material.kid;
  throw new OrdersyncError('precondition', `${row.keyId} was destroyed: what it encrypted can be read by nobody`, {
    facts: { key_id: row.keyId },
  });
}

function isWanted(kid: string, keys: DatabaseKeys, from: string | undefined): boolean {
  return from === undefined ? keys.findKid(kid)?.status !== 'ACTIVE' : kid === from;
}

function isThere(kid: string, keys: DatabaseKeys): boolean {
  return keys.findKid(kid)?.material?.wrapped != null;
}

type Sources = readonly [SourceKeys, ...SourceKeys[]];

function bySequence(rows: readonly SourceKeys[]): readonly Sources[] {
  const found = new Map<number, [SourceKeys, ...SourceKeys[]]>();
  for (const row of rows) {
    const known = found.get(row.sequence);
    if (known === undefined) found.set(row.sequence, [row]);
    else known.push(row);
  }
  return [...found.values()];
}

function plannedOf(sources: Sources, keys: DatabaseKeys, concerns: (kid: string) => boolean): PlannedManifest {
  const [{ sequence, table, month, role }] = sources;
  const concerned = sources.filter(({ keyIds }) => Object.keys(keyIds).some(concerns));
  const counts = new Map<string, number>();
  for (const { keyIds } of concerned) {
    for (const [kid, values] of Object.entries(keyIds).filter(([kid]) => concerns(kid)))
      counts.set(kid, (counts.get(kid) ?? 0) + values);
  }
  return {
    sequence,
    table,
    month,
    role,
    rows: concerned.reduce((sum, { rows }) => sum + rows, 0),
    bytes: concerned.reduce((sum, { bytes }) => sum + bytes, 0),
    keys: [...counts].map(([kid, values]) => ({ key: nameOf(keys.findKid(kid), kid), values })),
  };
}

function nameOf(row: DataKeyRow | undefined, kid: string): string {
  return row?.keyId ?? kid;
}

function kidsOf(sources: Sources, wanted: (kid: string) => boolean, keys: DatabaseKeys): readonly string[] {
  const all = sources.flatMap(({ keyIds }) => Object.keys(keyIds));
  return [...new Set(all)].filter((kid) => wanted(kid) && isThere(kid, keys)).sort();
}

function stateOf(entry: RewrapEntry | undefined): RewrapState | undefined {
  return entry?.state;
}

function unprepared(): OrdersyncError {
  return new OrdersyncError('precondition', 'this database lacks the journal of rewraps', {
    hint: 'it comes with the migrations: ordersync migrate up',
  });
}
