import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { openValue } from '../../../src/crypto/value.ts';
import { openSession } from '../../../src/db/connect.ts';
import { resolveConnection } from '../../../src/db/settings/resolve.ts';
import { loadDatabaseKeys } from '../../../src/domain/encryption/database-keys.ts';
import { findPair } from '../../../src/domain/encryption/find.ts';
import { ENCRYPTED_TABLES } from '../../../src/domain/encryption/registry.ts';
import type { KeySet } from '../../../src/crypto/cipher-key.ts';
import type { StoreReader, TextRow } from '../../chaos/archive/stored.ts';
import { readStoredManifests, readStoredRows } from '../../chaos/archive/stored.ts';
import { addAuditLog, addOrder, addPayment, addRefund, addRestaurant, addUser, insert } from '../../schema/rows.ts';
import type { Application } from '../application.ts';
import { startApplication } from '../application.ts';
import type { Ran } from '../io.ts';
import { run } from '../io.ts';
import type { TestKeyring } from '../key-store.ts';
import type { Ended, Running } from '../program.ts';
import { runProgram } from '../program.ts';
import type { SchemaDatabase } from '../schema.ts';

/** At once, and without a grace period: nobody else writes. */
const NOW = '--if-older-than 0 --grace 0 --full-speed';

type Environment = Readonly<Record<string, string>>;
type Rows = readonly Readonly<Record<string, unknown>>[];

/** A database with keys, a store, and the program that moves archives in it from one key to another. */
export interface RewrapSite {
  /** `ordersync …` in a process of its own, as the owner of the tables. */
  bin(words: string | readonly string[], env?: Environment, onStart?: (child: Running) => void): Promise<Ended>;
  /** The same in this process. */
  here(words: string | readonly string[]): Promise<Ran>;
  /** The rows of its JSON report, whatever its exit code. */
  rows(words: string): Promise<Rows>;
  /** `ordersync key …` as a superuser, in this process. */
  key(words: string, stdin?: string): Promise<Ran>;
  /** Makes the keys, and rotates them afterwards. The application encrypts with the newest. */
  newKeys(type?: 'pii' | 'payment'): Promise<void>;
  /** Partitions of a table from a month on. */
  makeMonths(table: string, from: string): Promise<void>;
  /** Audit rows of a month, an hour apart, half of them with an address. */
  addAudit(month: string, rows: number): Promise<void>;
  /** A payment of a month, with a refund, an event and its order. */
  addPayment(month: string): Promise<void>;
  /** Archives a month for good. */
  leave(table: string, month: string): Promise<void>;
  /** Sentences about rows that were archived and are not all there with the values they had; read by hyparquet. */
  faults(): Promise<readonly string[]>;
  /** Kids of the values in files that manifests name for which no other one stands, by their key here. */
  keysInFiles(): Promise<readonly string[]>;
}

export interface SiteNeeds {
  readonly database: { readonly current: SchemaDatabase };
  readonly keyring: TestKeyring;
  readonly reader: () => StoreReader;
  /** Leads to the store. */
  readonly storeEnv: () => Environment;
}

/** Values of a row as they were before they were encrypted, by column. */
interface Expected {
  readonly table: string;
  readonly rowId: string;
  readonly values: Readonly<Record<string, string>>;
}

export function rewrapSite({ database, keyring, reader, storeEnv }: SiteNeeds): RewrapSite {
  const expected = new Map<string, Expected>();
  const unchanged = new Map<string, string>();
  let application: Application;
  const url = () => database.current.urlFor({ user: 'schema_owner', password: 'schema' });
  const env = () => ({ ...keyring.env, ...storeEnv(), ORDERSYNC_DATABASE_URL: url() });
  const key = async (words: string, stdin = '') =>
    run(['key', ...words.split(' ')], { stdin, env: { ...keyring.env, ORDERSYNC_DATABASE_URL: database.current.url } });
  const here: RewrapSite['here'] = async (words) => run(wordsOf(words), { env: env() });
  const sql = () => database.current.as('owner');
  const keysNow = async () => databaseKeys(database.current.url, keyring);
  return {
    key,
    here,
    bin: async (words, more = {}, onStart) =>
      runProgram(wordsOf(words), { env: { ...env(), ...more }, ...(onStart && { onStart }) }),
    rows: async (words) => {
      const { stdout, stderr } = await here(`${words} --format json`);
      if (stdout === '') throw new Error(stderr);
      return (JSON.parse(stdout) as { data: Rows }).data;
    },
    newKeys: async (type) => {
      requireDone(await key(type === undefined ? 'create' : `rotate --type ${type} ${NOW}`));
      application = await startApplication(database.current.url, keyring.open());
    },
    makeMonths: async (table, from) => {
      await sql()`select ensure_month_partitions(${table}::text::regclass, ${`${from}-01`}::text::date, current_date)`;
    },
    addAudit: async (month, rows) => {
      for (let index = 0; index < rows; index += 1)
        remember(expected, await auditRow(sql(), application, { month, index }));
    },
    addPayment: async (month) => {
      for (const row of await paymentRows(sql(), application, month)) remember(expected, row);
    },
    leave: async (table, month) => {
      const words = `archive run --table ${table} --month ${month} --lock-timeout 5s --yes`;
      requireDone(await here(words));
      for (const [id, row] of (await readRows(reader())).rows) unchanged.set(id, withoutPairs(id, row));
    },
    faults: async () => {
      const { rows, faults } = await readRows(reader());
      const { keys } = await keysNow();
      const wrong = [...expected].flatMap(([id, one]) =>
        rows.has(id) ? differences(keys, one, rows.get(id)!) : [`${id} is lost`],
      );
      const changed = [...unchanged].filter(([id, row]) => rows.has(id) && withoutPairs(id, rows.get(id)!) !== row);
      return [...faults, ...wrong, ...changed.map(([id]) => `${id} has other columns`)];
    },
    keysInFiles: async () => {
      const { nameOf } = await keysNow();
      const { rows } = await readRows(reader());
      const texts = [...rows.values()].flatMap((row) => Object.values(row));
      const kids = texts.flatMap((text) => (text?.startsWith('os1_') ? [text.slice(4, 12)] : []));
      return [...new Set(kids)].map(nameOf).sort();
    },
  };
}

/** Words with spaces in them come one by one. */
function wordsOf(words: string | readonly string[]): readonly string[] {
  return typeof words === 'string' ? words.split(' ') : words;
}

function requireDone({ code, stderr }: Ran): void {
  if (code !== 0) throw new Error(stderr);
}

function remember(expected: Map<string, Expected>, { id, ...row }: Expected & { readonly id: string }): void {
  expected.set(`${row.table} ${id}`, row);
}

/** The rows that an archive has now: of manifests for which no other one stands, a later one's in the place of an earlier. */
async function readRows(reader: StoreReader) {
  const manifests = await readStoredManifests(reader);
  const superseded = new Set(manifests.map(({ manifest }) => manifest.supersedes?.sequence));
  const rows = new Map<string, TextRow>();
  const faults: string[] = [];
  for (const { manifest } of manifests) {
    if (superseded.has(manifest.sequence)) continue;
    for (const source of manifest.sources) {
      const found = await readStoredRows(reader, source);
      faults.push(...found.faults);
      for (const row of found.rows) rows.set(`${source.table} ${row['id'] ?? row['payment_id']}`, row);
    }
  }
  return { rows, faults };
}

function withoutPairs(id: string, row: TextRow): string {
  const table = ENCRYPTED_TABLES.find(({ name }) => name === id.split(' ')[0]);
  const pairs = new Set((table?.pairs ?? []).flatMap(({ value, key }) => [value, key]));
  return JSON.stringify(Object.entries(row).filter(([column]) => !pairs.has(column)));
}

function differences(keys: KeySet, { table: name, rowId, values }: Expected, row: TextRow): string[] {
  return Object.entries(values).flatMap(([column, plaintext]) => {
    const { table } = findPair(name, column);
    const opened = openValue(keys, { table: table.logicalName, column, rowId }, row[column] ?? '');
    return opened.ok && opened.plaintext.toString('utf8') === plaintext
      ? []
      : [`${name}.${column} of ${rowId} is unreadable`];
  });
}

async function databaseKeys(url: string, keyring: TestKeyring) {
  const session = await openSession(resolveConnection({ flags: { url }, env: {} }), {
    applicationName: 'checker',
    signal: new AbortController().signal,
    onNotice: () => undefined,
  });
  try {
    const loaded = await loadDatabaseKeys(session.sql, async () => keyring.open());
    const keys = await loaded.keysFor(loaded.dataKeys.flatMap(({ material }) => material?.kid ?? []));
    return { keys, nameOf: (kid: string) => loaded.findKid(kid)?.keyId ?? kid };
  } finally {
    await session.close();
  }
}

async function auditRow(
  sql: postgres.Sql,
  { encrypt }: Application,
  { month, index }: { month: string; index: number },
) {
  const trace = randomUUID().replaceAll('-', '');
  const values = {
    ...(index % 2 === 0 ? { ip_address_encrypted: `192.0.2.${index % 250}` } : {}),
    user_agent_encrypted: `Firefox ${index}`,
    ...(index % 3 === 0 ? { new_value_encrypted: JSON.stringify({ 이름: '김민지'.repeat(1 + (index % 200)) }) } : {}),
  };
  const pairs = Object.entries(values).map(([column, text]) => encrypt('audit_logs', column, trace, text));
  const id = await addAuditLog(sql, {
    trace_id: trace,
    ...Object.assign({}, ...pairs),
    error_message: index % 2 === 0 ? null : `오류 ${index}`,
    duration_ms: index,
    created_at: new Date(Date.parse(`${month}-10T00:30:00.123Z`) + (index % 400) * 3_600_000).toISOString(),
  });
  return { id, table: 'audit_logs', rowId: trace, values };
}

async function paymentRows(sql: postgres.Sql, { encrypt }: Application, month: string) {
  const at = `${month}-10T00:00:00Z`;
  const restaurant = await addRestaurant(sql, await addUser(sql));
  const [ids] = await sql<{ order: string; payment: string }[]>`
    select uuid_v7(${at}::text::timestamptz) as "order", uuid_v7(${at}::text::timestamptz) as payment`;
  const { order, payment } = ids!;
  await addOrder(sql, restaurant, { id: order, created_at: at, status: 'COMPLETED' });
  const own = { external_id_encrypted: 'toss-1', card_info_encrypted: '**** 1234' };
  await addPayment(sql, order, { id: payment, created_at: at, ...encryptAll('payments', payment, own) });
  const [refund, event] = [randomUUID(), randomUUID()];
  const refunded = { reason_encrypted: '식었어요' };
  await addRefund(sql, payment, { id: refund, created_at: at, ...encryptAll('payment_refunds', refund, refunded) });
  const happened = { event_data_encrypted: '{"a":1}' };
  const columns = { payment_id: payment, event_type: 'AUTHORIZED', amount: 10_000, created_at: at };
  await insert(sql, 'payment_events', { id: event, ...columns, ...encryptAll('payment_events', event, happened) });
  return [
    { id: payment, table: 'payments', rowId: payment, values: own },
    { id: refund, table: 'payment_refunds', rowId: refund, values: refunded },
    { id: event, table: 'payment_events', rowId: event, values: happened },
  ];

  function encryptAll(table: string, id: string, values: Readonly<Record<string, string>>) {
    const pairs = Object.entries(values).map(([column, text]) => encrypt(table, column, id, text));
    return Object.assign({}, ...pairs) as Readonly<Record<string, string>>;
  }
}
