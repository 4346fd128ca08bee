import { randomUUID } from 'node:crypto';
import type { BlindIndexPurpose } from '../../src/crypto/blind-index.ts';
import { createNonceSource } from '../../src/crypto/nonce.ts';
import type { NonceSource } from '../../src/crypto/nonce.ts';
import { encryptValue } from '../../src/crypto/value.ts';
import { loadDatabaseKeys } from '../../src/domain/encryption/database-keys.ts';
import { findPair } from '../../src/domain/encryption/find.ts';
import type { KeyType } from '../../src/domain/encryption/registry.ts';
import { KEY_TYPES } from '../../src/domain/encryption/registry.ts';
import type { ActiveKey } from '../../src/domain/encryption/database-keys.ts';
import type { BlindIndex } from '../../src/crypto/blind-index.ts';
import { BLIND_INDEX_PURPOSES } from '../../src/crypto/blind-index.ts';
import type { KeyStore } from '../../src/keystore/keystore.ts';
import {
  addAuditLog,
  addMenu,
  addNotification,
  addOrder,
  addPayment,
  addRefund,
  addRestaurant,
  addSession,
  addUser,
  hashOf,
  insert,
} from '../schema/rows.ts';
import type { Client } from '../schema/rows.ts';
import { openSession } from '../../src/db/connect.ts';
import { resolveConnection } from '../../src/db/settings/resolve.ts';

type Columns = Readonly<Record<string, string>>;

/** What the shop's backend does with keys: it has them, and encrypts what it writes. */
export interface Application {
  /** Both columns of a pair. The id is the row's; of an audit row the trace id. */
  readonly encrypt: (table: string, column: string, id: string, plaintext: string, nonces?: NonceSource) => Columns;
  readonly hash: (purpose: BlindIndexPurpose, value: string) => string;
  /** A session of the application by its client address; every pair that may be null is filled. */
  addSession(sql: Client, user: string, address: string): Promise<string>;
  addUser(sql: Client, email: string): Promise<string>;
  addMenu(sql: Client, restaurant: string, name: string): Promise<string>;
}

/** Loads the keys of a database as another process than the program's would. */
export async function startApplication(url: string, store: KeyStore): Promise<Application> {
  const { active, indexes } = await unwrapKeys(url, store);
  const random = createNonceSource();
  const encrypt: Application['encrypt'] = (tableName, column, rowId, plaintext, nonces = random) => {
    const { table, pair } = findPair(tableName, column);
    const { key, keyId } = active[pair.keyType];
    const place = { table: table.logicalName, column, rowId };
    return { [pair.value]: encryptValue({ key, nonces }, place, plaintext), [pair.key]: keyId };
  };
  return {
    encrypt,
    hash: (purpose, value) => indexes[purpose](value),
    addSession: async (client, user, address) => {
      const id = randomUUID();
      return addSession(client, user, {
        id,
        ...encrypt('user_sessions', 'ip_address_encrypted', id, address),
        ip_hash: indexes.ip(address),
        ...encrypt('user_sessions', 'user_agent_encrypted', id, 'Safari'),
        ...encrypt('user_sessions', 'device_info_encrypted', id, 'phone'),
      });
    },
    addUser: async (client, email) => {
      const id = randomUUID();
      return addUser(client, {
        id,
        ...encrypt('users', 'email_encrypted', id, email),
        email_hash: indexes.email(email),
        ...encrypt('users', 'phone_encrypted', id, '010-1234-5678'),
        ...encrypt('users', 'name_encrypted', id, `name of ${email}`),
        ...encrypt('users', 'password_hash_encrypted', id, 'argon2id$…'),
        ...encrypt('users', 'two_factor_secret_encrypted', id, 'JBSWY3DPEHPK3PXP'),
      });
    },
    addMenu: async (client, restaurant, name) => {
      const id = randomUUID();
      return addMenu(client, restaurant, {
        id,
        ...encrypt('menus', 'name_encrypted', id, name),
        ...encrypt('menus', 'description_encrypted', id, `${name}, large`),
      });
    },
  };
}

async function unwrapKeys(url: string, store: KeyStore) {
  const session = await openSession(resolveConnection({ flags: { url }, env: {} }), {
    applicationName: 'application',
    signal: new AbortController().signal,
    onNotice: () => undefined,
  });
  try {
    const keys = await loadDatabaseKeys(session.sql, async () => store);
    const active = {} as Record<KeyType, ActiveKey>;
    for (const type of KEY_TYPES) active[type] = await keys.activeKey(type);
    const indexes = {} as Record<BlindIndexPurpose, BlindIndex>;
    for (const purpose of BLIND_INDEX_PURPOSES) indexes[purpose] = await keys.blindIndex(purpose);
    return { active, indexes };
  } finally {
    await session.close();
  }
}

export interface FilledRows {
  readonly user: string;
  readonly restaurant: string;
  readonly order: string;
  readonly payment: string;
  readonly trace: string;
}

/** At least one row in every table with encrypted columns, every pair of it filled. As the owner of the tables. */
export async function fillEveryTable(sql: Client, application: Application): Promise<FilledRows> {
  const { encrypt, hash } = application;
  const user = await application.addUser(sql, `${randomUUID()}@example.com`);
  await application.addSession(sql, user, '192.0.2.1');
  const attempt = randomUUID();
  await insert(sql, 'login_attempts', {
    id: attempt,
    email_hash: hashOf('nobody'),
    ...encrypt('login_attempts', 'ip_address_encrypted', attempt, '192.0.2.7'),
    ip_hash: hash('ip', '192.0.2.7'),
    ...encrypt('login_attempts', 'user_agent_encrypted', attempt, 'curl'),
    success: false,
  });
  const restaurant = randomUUID();
  await addRestaurant(sql, user, {
    id: restaurant,
    ...encrypt('restaurants', 'name_encrypted', restaurant, '밥상'),
    ...encrypt('restaurants', 'address_encrypted', restaurant, '서울'),
    ...encrypt('restaurants', 'phone_encrypted', restaurant, '02-123-4567'),
    ...encrypt('restaurants', 'business_number_encrypted', restaurant, '123-45-67890'),
  });
  await application.addMenu(sql, restaurant, '김치찌개');
  const [{ id: order } = { id: '' }] = await sql<{ id: string }[]>`select uuid_v7(now()) as id`;
  await addOrder(sql, restaurant, {
    id: order,
    ...encrypt('orders', 'table_info_encrypted', order, 'window'),
    ...encrypt('orders', 'items_encrypted', order, '[{"menu":1}]'),
    ...encrypt('orders', 'special_requests_encrypted', order, 'no salt'),
  });
  const payment = await fillPayment(sql, application, order);
  await fillMessages(sql, application);
  const trace = await fillAudit(sql, application);
  return { user, restaurant, order, payment, trace };
}

async function fillPayment(sql: Client, { encrypt, hash }: Application, order: string): Promise<string> {
  const [{ id: payment } = { id: '' }] = await sql<{ id: string }[]>`select uuid_v7(now()) as id`;
  await addPayment(sql, order, {
    id: payment,
    ...encrypt('payments', 'external_id_encrypted', payment, 'toss-1'),
    external_id_hash: hash('external_id', 'toss-1'),
    ...encrypt('payments', 'card_info_encrypted', payment, '**** 1234'),
  });
  const event = randomUUID();
  await insert(sql, 'payment_events', {
    id: event,
    payment_id: payment,
    event_type: 'AUTHORIZED',
    amount: 10_000,
    ...encrypt('payment_events', 'event_data_encrypted', event, '{}'),
  });
  const refund = randomUUID();
  await addRefund(sql, payment, {
    id: refund,
    ...encrypt('payment_refunds', 'reason_encrypted', refund, 'cold'),
    ...encrypt('payment_refunds', 'external_refund_id_encrypted', refund, 'toss-r-1'),
  });
  return payment;
}

async function fillMessages(sql: Client, { encrypt }: Application): Promise<void> {
  const template = randomUUID();
  await insert(sql, 'notification_templates', {
    id: template,
    name: `template ${template}`,
    type: 'EMAIL',
    ...encrypt('notification_templates', 'title_template_encrypted', template, 'Hello'),
    ...encrypt('notification_templates', 'content_template_encrypted', template, 'Your order …'),
  });
  const log = randomUUID();
  await addNotification(sql, {
    id: log,
    ...encrypt('notification_logs', 'recipient_info_encrypted', log, 'minji@example.com'),
    ...encrypt('notification_logs', 'content_encrypted', log, 'Your order 17'),
  });
}

async function fillAudit(sql: Client, { encrypt, hash }: Application): Promise<string> {
  const trace = randomUUID().replaceAll('-', '');
  const pairs = {
    ...encrypt('audit_logs', 'ip_address_encrypted', trace, '192.0.2.9'),
    ip_hash: hash('ip', '192.0.2.9'),
    ...encrypt('audit_logs', 'user_agent_encrypted', trace, 'Firefox'),
    ...encrypt('audit_logs', 'old_value_encrypted', trace, '{"a":1}'),
    ...encrypt('audit_logs', 'new_value_encrypted', trace, '{"a":2}'),
  };
  const id = await addAuditLog(sql, { trace_id: trace, ...pairs });
  await insert(sql, 'audit_logs_archive', {
    id,
    trace_id: trace,
    action: 'LOGIN',
    resource_type: 'User',
    ...pairs,
    success: true,
    created_at: '2025-01-01T00:00:00Z',
  });
  return trace;
}
