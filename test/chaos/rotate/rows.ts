import { randomUUID } from 'node:crypto';
import { emailHash, seal } from './os1.ts';
import type { Place } from './places.ts';
import { AUDIT_ARCHIVE, AUDIT_LOGS, LOGIN_ATTEMPTS, ORDERS, USERS } from './places.ts';
import type { Truth } from './shadow.ts';

/** The key new values are encrypted with, as this writer knows it. */
export interface WriterKey {
  readonly keyId: string;
  readonly dataKey: Buffer;
}

export type Columns = Record<string, string | number | boolean | Date | null>;

export interface MadeRow {
  readonly place: Place;
  readonly id: string;
  readonly truth: Truth;
  readonly columns: Columns;
}

export function newId(): string {
  return randomUUID().replaceAll('-', '');
}

/** The columns of every pair that `truth` names. */
export function encrypted(place: Place, id: string, truth: Truth, key: WriterKey): Columns {
  const columns: Columns = {};
  for (const [column, plaintext] of Object.entries(truth)) {
    const keyColumn = place.pairs[column]!;
    const absent = plaintext === false ? 'none' : null;
    const isValue = typeof plaintext === 'string';
    columns[column] = isValue ? seal(key.dataKey, { table: place.logical, column, id }, plaintext) : absent;
    columns[keyColumn] = isValue ? key.keyId : absent;
  }
  return columns;
}

export function makeUser(key: WriterKey, emailKey: Buffer, without = ''): MadeRow {
  const id = newId();
  const email = `${id.slice(0, 12)}@example.com`;
  const truth: Truth = {
    email_encrypted: email,
    phone_encrypted: without === 'phone' ? null : `010-${id.slice(0, 4)}-${id.slice(4, 8)}`,
    name_encrypted: `홍길동 ${id.slice(0, 6)}`,
    password_hash_encrypted: `$argon2id$${id}`,
    two_factor_secret_encrypted: without === 'two_factor_secret' ? null : id.toUpperCase(),
  };
  const columns = { id, email_hash: emailHash(emailKey, email), salt: id, ...encrypted(USERS, id, truth, key) };
  return { place: USERS, id, truth, columns };
}

/** @param id a UUIDv7 of the order's time, without dashes */
export function makeOrder(key: WriterKey, restaurant: string, { id, at }: { id: string; at: Date | string }): MadeRow {
  const truth: Truth = {
    table_info_encrypted: null,
    items_encrypted: JSON.stringify([{ menu: id.slice(0, 8), quantity: 2 }]),
    special_requests_encrypted: `without salt, ${id.slice(8, 14)}`,
  };
  const fixed = { id, restaurant_id: restaurant, subtotal: 9000, total_amount: 9000, created_at: at };
  return { place: ORDERS, id, truth, columns: { ...fixed, ...encrypted(ORDERS, id, truth, key) } };
}

export function makeLoginAttempt(key: WriterKey, known: boolean): MadeRow {
  const id = newId();
  const truth: Truth = { ip_address_encrypted: known ? '192.0.2.7' : false, user_agent_encrypted: `curl/${id}` };
  const columns = { id, email_hash: id + id, success: false, ...encrypted(LOGIN_ATTEMPTS, id, truth, key) };
  return { place: LOGIN_ATTEMPTS, id, truth, columns };
}

/** What the shop hands to the audit trigger, or writes itself. */
export function makeAudit(key: WriterKey, trace = newId()): MadeRow {
  const truth: Truth = {
    ip_address_encrypted: '192.0.2.9',
    user_agent_encrypted: 'Firefox/140',
    old_value_encrypted: null,
    new_value_encrypted: JSON.stringify({ trace, note: '변경' }),
  };
  const fixed = { trace_id: trace, action: 'LOGIN', resource_type: 'User', success: true };
  return { place: AUDIT_LOGS, id: trace, truth, columns: { ...fixed, ...encrypted(AUDIT_LOGS, trace, truth, key) } };
}

export function makeArchivedAudit(key: WriterKey): MadeRow {
  const made = makeAudit(key);
  const old = { id: newId(), created_at: new Date('2025-01-05T00:00:00Z') };
  return { ...made, place: AUDIT_ARCHIVE, columns: { ...made.columns, ...old } };
}
