import { setTimeout as sleep } from 'node:timers/promises';
import type postgres from 'postgres';
import { openSession } from '../../../src/db/connect.ts';
import type { Session } from '../../../src/db/session.ts';
import { resolveConnection } from '../../../src/db/settings/resolve.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { OrdersyncError } from '../../../src/errors.ts';
import type { FakeKms } from '../../support/kms/server.ts';
import { readKeys } from './keys.ts';
import { AUDIT_LOGS, ORDERS, USERS } from './places.ts';
import type { Random } from './random.ts';
import type { Columns, MadeRow, WriterKey } from './rows.ts';
import { encrypted, makeAudit, makeLoginAttempt, makeOrder, makeUser, newId } from './rows.ts';
import type { Truth } from './shadow.ts';
import { forget, record } from './shadow.ts';

type Tx = postgres.ISql;

export interface Shop {
  readonly kms: FakeKms;
  readonly url: string;
  readonly emailKey: Buffer;
  readonly restaurant: string;
  /** Hex ids that were there before the writers; a row that is gone is skipped. */
  readonly users: readonly string[];
  readonly orders: readonly string[];
}

export interface Writer {
  /** Transactions that the server confirmed. */
  readonly committed: () => number;
  /** Errors that a live database gives: deadlocks, lost connections. Any other ends the writer and is thrown by `stop`. */
  readonly retried: () => number;
  stop(): Promise<void>;
}

/** How long the careless writer goes on with a key before it asks again. */
const STALE_MS = 1500;
/** It gives up a transaction that would end later than this after asking: the grace period must cover a writer's cache. */
const GIVE_UP_MS = 1800;

/**
 * One of the shop's processes: it inserts, updates one column, deletes, and writes the shadow in the same transaction.
 * @param cacheMs how long it keeps the ACTIVE key; 0 asks in every transaction
 */
export function startWriter(shop: Shop, random: Random, { stale }: { readonly stale: boolean }): Writer {
  const connection = keepConnected(shop.url);
  const keyOf = keyCache(shop, stale ? STALE_MS : 0);
  const state = { stopped: false, committed: 0, retried: 0 };
  const request = async ({ sql }: Session): Promise<void> => {
    const { key, askedMs } = await keyOf(sql);
    await operation(sql, { shop, random, key });
    if (performance.now() - askedMs > GIVE_UP_MS) throw new TooLate('the key may be stale');
  };
  const work = async (): Promise<void> => {
    while (!state.stopped) {
      try {
        const session = await connection.session();
        await inTransaction(session, async () => request(session));
        state.committed += 1;
      } catch (error) {
        if (!isPartOfLife(error)) throw error;
        state.retried += 1;
        await sleep(50);
      }
      await sleep(2 + random.below(6));
    }
  };
  const done = work();
  done.catch(() => undefined); // thrown by stop
  return {
    committed: () => state.committed,
    retried: () => state.retried,
    stop: async () => {
      state.stopped = true;
      try {
        await done;
      } finally {
        await connection.close();
      }
    },
  };
}

/**
 * The program's own session, reopened when it is lost: postgres.js alone ends the process (a write after the socket is gone)
 * when a server crashes under it.
 */
function keepConnected(url: string) {
  let current: Session | undefined;
  return {
    session: async (): Promise<Session> => {
      if (current?.lost === false) return current;
      current = await openSession(resolveConnection({ flags: { url }, env: {} }), { applicationName: 'shop' });
      return current;
    },
    close: async () => current?.close(),
  };
}

class TooLate extends Error {}

function keyCache({ kms }: Shop, maxAgeMs: number) {
  let cached: { readonly key: WriterKey; readonly askedMs: number } | undefined;
  return async (tx: Tx) => {
    const askedMs = performance.now();
    if (cached !== undefined && askedMs - cached.askedMs < maxAgeMs) return cached;
    const active = (await readKeys(tx, kms)).find(({ keyType, status }) => keyType === 'pii' && status === 'ACTIVE');
    if (active?.material === undefined) throw new Error('the shop finds no active key that can be unwrapped');
    cached = { key: { keyId: active.keyId, dataKey: active.material.dataKey }, askedMs };
    return cached;
  };
}

interface Step {
  readonly shop: Shop;
  readonly random: Random;
  readonly key: WriterKey;
}

async function operation(tx: Tx, step: Step): Promise<void> {
  const { random, key, shop } = step;
  const kind = random.below(20);
  if (kind < 10) return updateUser(tx, step, random.pick(shop.users));
  if (kind < 12) return removeUser(tx, step, random.pick(shop.users));
  if (kind < 14) return addUser(tx, step);
  if (kind < 16) return addOrder(tx, step);
  if (kind < 18) return updateOrder(tx, step, random.pick(shop.orders));
  await insert(tx, makeLoginAttempt(key, random.next() < 0.8));
}

/** Tells the audit trigger about the request; its row is recorded when it is there. */
async function audited(tx: Tx, { key }: Step, change: () => Promise<void>): Promise<void> {
  const { id, truth, columns } = makeAudit(key);
  const settings: Columns = { trace_id: id };
  for (const pair of Object.entries(AUDIT_LOGS.pairs).flat()) settings[pair] = columns[pair] ?? null;
  for (const [name, value] of Object.entries(settings)) {
    await tx`select set_config(${`app.${name}`}, ${String(value ?? '')}, true)`;
  }
  await change();
  await record(tx, AUDIT_LOGS, [{ id, truth }]);
}

async function addUser(tx: Tx, step: Step): Promise<void> {
  const without = step.random.pick(['', 'phone', 'two_factor_secret']);
  await audited(tx, step, async () => insert(tx, makeUser(step.key, step.shop.emailKey, without)));
}

async function updateUser(tx: Tx, step: Step, id: string): Promise<void> {
  const [found] = await tx`select 1 from users where id = ${id} for update skip locked`;
  if (found === undefined) return;
  const column = step.random.pick(['phone_encrypted', 'name_encrypted', 'two_factor_secret_encrypted']);
  const truth: Truth = { [column]: step.random.below(8) === 0 ? null : `changed ${newId()}` };
  const columns = encrypted(USERS, id, truth, step.key);
  await audited(tx, step, async () => {
    await tx`update users set ${tx(columns)}, version = version + 1 where id = ${id}`;
    await record(tx, USERS, [{ id, truth }]);
  });
}

async function removeUser(tx: Tx, step: Step, id: string): Promise<void> {
  const [found] = await tx`select 1 from users where id = ${id} for update skip locked`;
  if (found === undefined) return;
  await audited(tx, step, async () => {
    await tx`delete from users where id = ${id}`;
    await forget(tx, USERS, id);
  });
}

async function addOrder(tx: Tx, { key, shop }: Step): Promise<void> {
  const [time] = await tx<
    { id: string; at: string }[]
  >`select replace(uuid_v7(now())::text, '-', '') as id, now() as at`;
  await insert(tx, makeOrder(key, shop.restaurant, time!));
}

async function updateOrder(tx: Tx, { key }: Step, id: string): Promise<void> {
  const [found] = await tx`select 1 from orders where id = ${id} for update skip locked`;
  if (found === undefined) return;
  const truth: Truth = { special_requests_encrypted: `more kimchi ${newId()}` };
  await tx`update orders set ${tx(encrypted(ORDERS, id, truth, key))}, version = version + 1 where id = ${id}`;
  await record(tx, ORDERS, [{ id, truth }]);
}

async function insert(tx: Tx, { place, id, truth, columns }: MadeRow): Promise<void> {
  await tx`insert into ${tx(place.table)} ${tx(columns)}`;
  await record(tx, place, [{ id, truth }]);
}

/** Deadlock, lock timeout, serialization; the server is going down or has crashed. */
const LIVE_STATES = new Set(['40P01', '55P03', '40001', '57P01', '57P02', '57P03']);

function isPartOfLife(error: unknown): boolean {
  if (error instanceof TooLate) return true;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return LIVE_STATES.has(code) || (error instanceof OrdersyncError && code === 'connection');
}
