import type { BlindIndexPurpose } from '../../crypto/blind-index.ts';
import type { ColumnPlace } from '../../crypto/cipher-key.ts';

/** encryption_keys.key_type: personal data, payment data, data of the business. */
export const KEY_TYPES = ['pii', 'payment', 'business'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export interface BlindIndexColumn {
  readonly column: string;
  readonly purpose: BlindIndexPurpose;
  /** Of a unique column: holds the hash under the older key while the index key rotates, so that it stays unique. */
  readonly previous?: string;
}

/** A ciphertext column and the column beside it that names the key. */
export interface EncryptedPair {
  /** Holds the ciphertext, and is its column in docs/ciphertext.md, section 4. */
  readonly value: string;
  /** Holds encryption_keys.key_id. 14 of the 32 are not the value's stem and `_key_id`, so nothing derives the name. */
  readonly key: string;
  readonly keyType: KeyType;
  readonly nullable: boolean;
  /** An address column: ('none', 'none') says that there was no address, and is no ciphertext. */
  readonly mayBeNone: boolean;
  /** The column that finds rows by this value. */
  readonly blindIndex: BlindIndexColumn | undefined;
}

/** A table with encrypted columns. */
export interface EncryptedTable {
  /** Its name in the catalogue, schema public; of a partitioned table the parent's. */
  readonly name: string;
  /** The name in the keys of its columns: rows that move to an archive table keep decrypting. */
  readonly logicalName: string;
  /** The column its values are bound to: a UUID, or 32 hex digits. */
  readonly idColumn: 'id' | 'trace_id';
  readonly primaryKey: readonly string[];
  readonly pairs: readonly EncryptedPair[];
}

type PairOptions = Partial<Pick<EncryptedPair, 'nullable' | 'mayBeNone' | 'blindIndex'>>;

/** Every encrypted column of the schema; a test and `check` compare it with the live catalogue. */
export const ENCRYPTED_TABLES: readonly EncryptedTable[] = [
  table('users', [
    pii('email_encrypted', 'email_key_id', {
      blindIndex: { column: 'email_hash', purpose: 'email', previous: 'email_hash_prev' },
    }),
    pii('phone_encrypted', 'phone_key_id', { nullable: true }),
    pii('name_encrypted', 'name_key_id', { nullable: true }),
    pii('password_hash_encrypted', 'password_key_id'),
    pii('two_factor_secret_encrypted', 'two_factor_secret_key_id', { nullable: true }),
  ]),
  table('user_sessions', [address(), userAgent(), pii('device_info_encrypted', 'device_key_id', { nullable: true })]),
  table('login_attempts', [address(), userAgent()]),
  table('restaurants', [
    business('name_encrypted', 'name_key_id'),
    business('address_encrypted', 'address_key_id'),
    business('phone_encrypted', 'phone_key_id'),
    business('business_number_encrypted', 'business_number_key_id', { nullable: true }),
  ]),
  table('menus', [
    business('name_encrypted', 'name_key_id'),
    business('description_encrypted', 'description_key_id', { nullable: true }),
  ]),
  table('orders', [
    pii('table_info_encrypted', 'table_key_id', { nullable: true }),
    pii('items_encrypted', 'items_key_id'),
    pii('special_requests_encrypted', 'special_requests_key_id', { nullable: true }),
  ]),
  table('payments', [
    payment('external_id_encrypted', 'external_key_id', {
      blindIndex: { column: 'external_id_hash', purpose: 'external_id' },
    }),
    payment('card_info_encrypted', 'card_info_key_id', { nullable: true }),
  ]),
  table('payment_events', [payment('event_data_encrypted', 'event_data_key_id', { nullable: true })]),
  table('payment_refunds', [
    payment('reason_encrypted', 'reason_key_id', { nullable: true }),
    payment('external_refund_id_encrypted', 'external_refund_key_id', { nullable: true }),
  ]),
  table('notification_templates', [
    business('title_template_encrypted', 'title_key_id'),
    business('content_template_encrypted', 'content_key_id'),
  ]),
  {
    ...table('notification_logs', [
      pii('recipient_info_encrypted', 'recipient_key_id'),
      pii('content_encrypted', 'content_key_id'),
    ]),
    primaryKey: ['id', 'created_at'],
  },
  auditTable('audit_logs'),
  auditTable('audit_logs_archive'),
];

/** Columns that find rows by a value whose ciphertext is not in the row; the others are in their pair. */
export const LONE_BLIND_INDEXES: readonly (ColumnPlace & { readonly purpose: BlindIndexPurpose })[] = [
  { table: 'login_attempts', column: 'email_hash', purpose: 'email' },
  { table: 'api_rate_limits', column: 'identifier', purpose: 'rate_limit' },
];

/** What stands in both columns of an address pair when there was no address. */
export const NO_ADDRESS = 'none';

function table(name: string, pairs: readonly EncryptedPair[]): EncryptedTable {
  return { name, logicalName: name, idColumn: 'id', primaryKey: ['id'], pairs };
}

/** The application encrypts before the trigger makes the row and its id; the trace id is known before. */
function auditTable(name: string): EncryptedTable {
  return {
    name,
    logicalName: 'audit_logs',
    idColumn: 'trace_id',
    primaryKey: ['id', 'created_at'],
    pairs: [
      address(),
      userAgent(),
      pii('old_value_encrypted', 'old_value_key_id', { nullable: true }),
      pii('new_value_encrypted', 'new_value_key_id', { nullable: true }),
    ],
  };
}

function address(): EncryptedPair {
  return pii('ip_address_encrypted', 'ip_key_id', {
    mayBeNone: true,
    blindIndex: { column: 'ip_hash', purpose: 'ip' },
  });
}

function userAgent(): EncryptedPair {
  return pii('user_agent_encrypted', 'ua_key_id', { nullable: true });
}

function pii(value: string, key: string, options: PairOptions = {}): EncryptedPair {
  return pair('pii', value, key, options);
}

function payment(value: string, key: string, options: PairOptions = {}): EncryptedPair {
  return pair('payment', value, key, options);
}

function business(value: string, key: string, options: PairOptions = {}): EncryptedPair {
  return pair('business', value, key, options);
}

function pair(keyType: KeyType, value: string, key: string, options: PairOptions): EncryptedPair {
  return { value, key, keyType, nullable: false, mayBeNone: false, blindIndex: undefined, ...options };
}
