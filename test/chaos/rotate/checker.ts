import type postgres from 'postgres';
import type { FakeKms } from '../../support/kms/server.ts';
import type { StoredKey } from './keys.ts';
import { readKeys } from './keys.ts';
import { open } from './os1.ts';
import type { Place } from './places.ts';
import { pairColumns, PLACES } from './places.ts';
import type { Truth } from './shadow.ts';

export interface CheckRequest {
  readonly kms: FakeKms;
  /** The rotation says it is done: nothing may be left under another key than the ACTIVE one. */
  readonly finished: boolean;
}

export interface Checked {
  readonly values: number;
  /** How many of them stand under each key. */
  readonly perKey: ReadonlyMap<string, number>;
  /** Sentences; none when everything is as it should be. At most 20 of each kind. */
  readonly violations: readonly string[];
}

/**
 * Compares the database with the shadow, in one snapshot, so that writers need not stop: the same rows, the same columns
 * outside the pairs (version and updated_at among them), the same plaintext; key column and value name the same key; no
 * nonce twice; every key that occurs is there, wrapped; one ACTIVE key per type. It uses none of the program's code.
 */
export async function checkDatabase(sql: postgres.Sql, request: CheckRequest): Promise<Checked> {
  return sql.begin('isolation level repeatable read read only', async (tx) => checkSnapshot(tx, request));
}

/** The same, within a transaction of the caller's. */
export async function checkSnapshot(tx: postgres.TransactionSql, request: CheckRequest): Promise<Checked> {
  const stored = await readKeys(tx, request.kms);
  const run = startRun(stored);
  checkActiveKeys(run, stored);
  for (const place of PLACES) {
    await checkRows(tx, run, place);
    await checkValues(tx, run, place);
  }
  if (request.finished) checkNothingLeft(run, stored);
  return { values: run.values, perKey: run.perKey, violations: [...run.violations.values()].flat() };
}

interface Run {
  readonly byKid: ReadonlyMap<string, StoredKey>;
  readonly heads: Map<string, string>;
  readonly perKey: Map<string, number>;
  readonly violations: Map<string, string[]>;
  values: number;
  violate(kind: string, where: string): void;
}

function startRun(stored: readonly StoredKey[]): Run {
  const violations = new Map<string, string[]>();
  return {
    byKid: new Map(stored.flatMap((key) => (key.material === undefined ? [] : [[key.material.kid, key]]))),
    heads: new Map(),
    perKey: new Map(),
    violations,
    values: 0,
    violate: (kind, where) => {
      const known = violations.get(kind) ?? [];
      violations.set(kind, known.length < 20 ? [...known, `${kind}: ${where}`] : known);
    },
  };
}

function checkActiveKeys(run: Run, stored: readonly StoredKey[]): void {
  for (const type of new Set(stored.map(({ keyType }) => keyType))) {
    const active = stored.filter(({ keyType, status }) => keyType === type && status === 'ACTIVE');
    if (active.length !== 1) run.violate('not one active key', `${active.length} of type ${type}`);
    if (active[0]?.material === undefined) run.violate('key without material', `the active one of ${type}`);
  }
}

/** Same ids, and the same columns outside the pairs. Rows about keys in the audit log are not the shop's. */
async function checkRows(tx: postgres.TransactionSql, run: Run, place: Place): Promise<void> {
  const ours = place.logical === 'audit_logs' ? tx`where action not like '%\\_KEY'` : tx``;
  const wrong = await tx<{ id: string; what: string }[]>`
    select coalesce(s.id, t.id) as id,
      case when t.id is null then 'lost row' when s.id is null then 'foreign row' else 'changed row' end as what
    from (select id, rest from shadow where table_name = ${place.table}) s
    full join (
      select replace(${tx(place.id)}::text, '-', '') as id, to_jsonb(stored) - ${pairColumns(place)}::text[] as rest
      from ${tx(place.table)} stored
      ${ours}
    ) t on t.id = s.id
    where s.rest is distinct from t.rest
    limit 20`;
  for (const { id, what } of wrong) run.violate(what, `${place.table} ${id}`);
}

async function checkValues(tx: postgres.TransactionSql, run: Run, place: Place): Promise<void> {
  const rows = tx<({ hex: string; truth: Truth } & Record<string, string | null>)[]>`
    select shadow.id as hex, shadow.truth, ${tx(pairColumns(place).map((name) => `stored.${name}`))}
    from ${tx(place.table)} stored
    join shadow on shadow.table_name = ${place.table} and shadow.id = replace(stored.${tx(place.id)}::text, '-', '')`;
  for await (const batch of rows.cursor(2000)) {
    for (const row of batch) {
      for (const [column, keyColumn] of Object.entries(place.pairs)) {
        const [text, keyId] = [row[column] ?? null, row[keyColumn] ?? null];
        checkValue(run, { place, column, id: row.hex, truth: row.truth[column] }, text, keyId);
      }
    }
  }
}

interface Spot {
  readonly place: Place;
  readonly column: string;
  readonly id: string;
  readonly truth: string | null | false | undefined;
}

function checkValue(run: Run, spot: Spot, text: string | null, keyId: string | null): void {
  const where = `${spot.place.table} ${spot.id} ${spot.column}`;
  if (spot.truth === null || spot.truth === false) {
    const absent = spot.truth === null ? null : 'none';
    if (text !== absent || keyId !== absent) run.violate('value where none was written', where);
    return;
  }
  if (spot.truth === undefined || text === null || keyId === null) return run.violate('lost value', where);
  run.values += 1;
  const key = run.byKid.get(text.slice(4, 12));
  if (key?.material === undefined) return run.violate('key that is not there', `${text.slice(4, 12)} of ${where}`);
  run.perKey.set(key.keyId, (run.perKey.get(key.keyId) ?? 0) + 1);
  if (key.keyId !== keyId) run.violate('key column names another key', `${keyId} of ${where}`);
  checkNonce(run, spot, text);
  checkPlaintext(run, spot, { text, dataKey: key.material.dataKey, where });
}

/** The audit trigger copies one value into every row of a trace: the same text, which is no reuse. */
function checkNonce(run: Run, { place, column, id }: Spot, text: string): void {
  const head = `${place.logical}|${column}|${text.slice(4, 28)}`;
  const known = run.heads.get(head);
  const copy = known !== undefined && place.logical === 'audit_logs' && known === `${id}${text}`;
  if (known !== undefined && !copy) run.violate('nonce twice', `${place.table} ${id} ${column}`);
  run.heads.set(head, place.logical === 'audit_logs' ? `${id}${text}` : '');
}

function checkPlaintext(run: Run, spot: Spot, value: { text: string; dataKey: Buffer; where: string }): void {
  const { place, column, id, truth } = spot;
  let plaintext: string;
  try {
    plaintext = open(value.dataKey, { table: place.logical, column, id }, value.text);
  } catch {
    // Node says of a wrong tag only that it does not verify; where is what matters.
    return run.violate('unreadable value', value.where);
  }
  if (plaintext !== truth) run.violate('lost update', value.where);
}

function checkNothingLeft(run: Run, stored: readonly StoredKey[]): void {
  const active = stored.find(({ keyType, status }) => keyType === 'pii' && status === 'ACTIVE');
  for (const [keyId, count] of run.perKey) {
    if (keyId !== active?.keyId) run.violate('value under an old key', `${count} under ${keyId}`);
  }
  for (const { keyId, keyType, status } of stored) {
    if (keyType === 'pii' && keyId !== active?.keyId && status !== 'RETIRED') {
      run.violate('old key in use', `${keyId} is ${status}`);
    }
  }
}
