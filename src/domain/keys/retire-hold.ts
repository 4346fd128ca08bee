import type { Context, Work } from '../../context.ts';
import { describeServerError } from '../../db/server-error.ts';
import type { Session, Sql } from '../../db/session.ts';
import { SQLSTATE, sqlstateOf } from '../../db/sqlstate.ts';
import { simpleText } from '../../db/text.ts';
import { OrdersyncError } from '../../errors.ts';
import type { DataKeyRow } from '../encryption/queries.ts';
import type { EncryptedPair, KeyType } from '../encryption/registry.ts';
import { ENCRYPTED_TABLES } from '../encryption/registry.ts';
import type { ConstraintToAdd, RetiredConstraint } from './retire-hold-queries.ts';
import {
  readForeignTables,
  readRetiredConstraints,
  writeAddConstraints,
  writeDropConstraints,
  writeRenameConstraint,
  writeValidations,
} from './retire-hold-queries.ts';
import { withShortLock } from './short-lock.ts';

/** One encrypted column and whether the server refuses every value under the retired keys in it. */
export interface HeldColumn {
  readonly table: string;
  readonly column: string;
  readonly held: boolean;
}

interface Held extends HeldColumn {
  readonly pair: EncryptedPair;
  readonly name: string;
  /** The constraint under its lasting name, and under the one of a constraint that is to replace it. */
  readonly lasting: RetiredConstraint | undefined;
  readonly next: RetiredConstraint | undefined;
}

/** What the constraints have to name. */
interface RetiredNames {
  readonly keyIds: readonly string[];
  readonly kids: readonly string[];
}

const NEXT = '_next';
/** Longer names the server would cut. */
const NAME_BYTES = 63;
/** A list in a constraint's text is found again by its quotes. */
const PLAIN_KEY_ID = /^[\w.:/+=@-]+$/u;

/** Every column of the type, and whether a validated constraint of the server keeps all these keys out of it. */
export async function readHeld(sql: Sql, type: KeyType, keys: readonly DataKeyRow[]): Promise<HeldColumn[]> {
  const tables = await Promise.all(tablesOf(type).map(async ({ name }) => readTable(sql, name, type, namesOf(keys))));
  return tables.flat().map(({ table, column, held }) => ({ table, column, held }));
}

/** @throws OrdersyncError `permission` naming the tables of this type that the role may not alter */
export async function requireOwner(sql: Sql, type: KeyType): Promise<void> {
  const foreign = await readForeignTables(
    sql,
    tablesOf(type).map(({ name }) => name),
  );
  if (foreign.length === 0) return;
  throw new OrdersyncError('permission', 'this role may not add constraints to every encrypted table', {
    body: foreign.map((name) => `${name}: owned by another role`),
    hint: 'connect as the owner of the tables',
  });
}

/**
 * Has the server itself keep the keys out of every column of the type: CHECK constraints, one for each column, first for
 * every write, then validated against every row. One constraint names all retired keys, so that they do not pile up: a
 * wider one is validated beside the old one and takes its name. What is held already is left alone, so that an interrupted
 * run is continued by the next.
 * @throws OrdersyncError `unhealthy` when a row has a value under one of the keys, which then is not held for that table
 */
export async function* holdRetired(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  { type, keys }: { readonly type: KeyType; readonly keys: readonly DataKeyRow[] },
): Work<HeldColumn[]> {
  const names = namesOf(keys);
  const tables = tablesOf(type);
  for (const [index, { name: table }] of tables.entries()) {
    yield { kind: 'progress', label: `holding ${table}`, done: index, total: tables.length, unit: 'tables' };
    const open = (await readTable(session.sql, table, type, names)).filter(({ held }) => !held);
    if (open.length === 0) continue;
    yield* addMissing(ctx, session, { table, open, names });
    const added = await readTable(session.sql, table, type, names);
    yield* validate(ctx, session, { table, names: added.filter(({ held }) => !held).map(targetOf) });
    yield* replaceOld(ctx, session, { table, columns: await readTable(session.sql, table, type, names) });
  }
  const columns = await readHeld(session.sql, type, keys);
  const loose = columns.filter(({ held }) => !held);
  if (loose.length === 0) return columns;
  throw new OrdersyncError('unhealthy', 'the server does not hold every column', {
    body: loose.map(({ table, column }) => `${table}.${column}`),
    hint: 'another session dropped a constraint meanwhile; run the command again',
  });
}

function tablesOf(type: KeyType) {
  return ENCRYPTED_TABLES.filter(({ pairs }) => pairs.some(({ keyType }) => keyType === type));
}

function namesOf(keys: readonly DataKeyRow[]): RetiredNames {
  const odd = keys.find(({ keyId }) => !PLAIN_KEY_ID.test(keyId));
  if (odd !== undefined) {
    throw new OrdersyncError('precondition', `the key id ${JSON.stringify(odd.keyId)} cannot stand in a constraint`, {
      hint: 'key ids consist of letters, digits and . _ : / + = @ -',
    });
  }
  return {
    keyIds: keys.map(({ keyId }) => keyId).toSorted(),
    kids: keys.flatMap(({ material }) => (material === null ? [] : [material.kid])).toSorted(),
  };
}

async function readTable(sql: Sql, table: string, type: KeyType, names: RetiredNames): Promise<Held[]> {
  const pairs = (ENCRYPTED_TABLES.find(({ name }) => name === table)?.pairs ?? []).filter(
    ({ keyType }) => keyType === type,
  );
  const wanted = pairs.map((pair) => constraintName(table, pair));
  const found = await readRetiredConstraints(sql, table, [...wanted, ...wanted.map((name) => name + NEXT)]);
  return pairs.map((pair, index) => {
    const name = wanted[index] ?? '';
    const lasting = found.find((constraint) => constraint.name === name);
    const next = found.find((constraint) => constraint.name === name + NEXT);
    const held = lasting?.validated === true && covers(lasting, names) && next === undefined;
    return { table, column: pair.value, held, pair, name, lasting, next };
  });
}

/** `ck_users_email_key_id_retired_keys`: what `migrate verify` leaves out by its ending. */
function constraintName(table: string, { key }: EncryptedPair): string {
  const name = `ck_${table}_${key}_retired_keys`;
  if (Buffer.byteLength(name + NEXT) > NAME_BYTES) throw new RangeError(`${name}${NEXT} is too long for a name`);
  return name;
}

function covers({ keyIds, kids }: RetiredConstraint, names: RetiredNames): boolean {
  return (
    keyIds !== null &&
    kids !== null &&
    names.keyIds.every((keyId) => keyIds.includes(keyId)) &&
    names.kids.every((kid) => kids.includes(kid))
  );
}

/** The constraint that is to be validated. */
function targetOf({ name, next }: Held): string {
  return next?.name ?? name;
}

async function* addMissing(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  { table, open, names }: { readonly table: string; readonly open: readonly Held[]; readonly names: RetiredNames },
): Work<void> {
  const missing = open.filter(({ lasting, next }) => {
    if (next !== undefined) return !covers(next, names);
    return lasting === undefined || !covers(lasting, names);
  });
  if (missing.length === 0) return;
  const constraints = missing.map(({ name, pair, lasting }): ConstraintToAdd => ({
    ...pair,
    name: lasting === undefined ? name : name + NEXT,
  }));
  const drop = missing.flatMap(({ next }) => (next === undefined ? [] : [next.name]));
  const statement = await writeAddConstraints(session.sql, { table, constraints, drop, ...names });
  yield* withShortLock(ctx, session, { what: `${table}: adding constraints`, table }, async () =>
    simpleText(session, statement),
  );
}

async function* validate(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  { table, names }: { readonly table: string; readonly names: readonly string[] },
): Work<void> {
  for (const { relation, statement } of await writeValidations(session.sql, { table, names })) {
    yield { kind: 'phase', message: `the server looks at every row of ${relation}` };
    const what = `${relation}: validating constraints`;
    try {
      yield* withShortLock(ctx, session, { what, table, harmless: true }, async () => simpleText(session, statement));
    } catch (error) {
      if (sqlstateOf(error) !== SQLSTATE.checkViolation) throw describeServerError(error) ?? error;
      yield* withdraw(ctx, session, { table, names });
      throw violated(relation, error);
    }
  }
}

/** A constraint that is not valid still refuses every change of the rows it does not like: they must stay changeable. */
async function* withdraw(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  request: { readonly table: string; readonly names: readonly string[] },
): Work<void> {
  const statement = await writeDropConstraints(session.sql, request);
  const { table } = request;
  yield* withShortLock(ctx, session, { what: `${table}: dropping constraints`, table }, async () =>
    simpleText(session, statement),
  );
}

function violated(relation: string, cause: unknown): OrdersyncError {
  return new OrdersyncError(
    'unhealthy',
    `${relation} has a value under a retired key: it was written after the count`,
    {
      hint: 'rotate its type again, then repeat this; key status tells which column it is',
      sqlstate: SQLSTATE.checkViolation,
      cause,
    },
  );
}

/** In one transaction, so that at no moment the column is held by none. */
async function* replaceOld(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  { table, columns }: { readonly table: string; readonly columns: readonly Held[] },
): Work<void> {
  const replaced = columns.filter(({ next }) => next?.validated === true);
  if (replaced.length === 0) return;
  const { sql } = session;
  const statements = [
    await writeDropConstraints(sql, { table, names: replaced.map(({ name }) => name) }),
    ...(await Promise.all(
      replaced.map(async ({ name }) => writeRenameConstraint(sql, { table, from: name + NEXT, to: name })),
    )),
  ];
  yield* withShortLock(ctx, session, { what: `${table}: replacing constraints`, table }, async () => {
    for (const statement of statements) await simpleText(session, statement);
  });
}
