import type { BlindIndexPurpose } from '../crypto/blind-index.ts';
import type { DataKey } from '../crypto/secret.ts';

/** What a wrapped key is for. Bound to it: unwrapping needs the same members with the same values. */
export type KeyContext = Readonly<Record<string, string>>;

/** A key as the database keeps it. */
export interface WrappedKey {
  /** Base64. Opaque: only the store that made it can open it. */
  readonly wrapped: string;
  /** The key that wrapped it: a KMS key ARN (never an alias), or the id of a keyring key. */
  readonly providerKey: string;
  readonly context: KeyContext;
}

export interface NewDataKey extends WrappedKey {
  readonly dataKey: DataKey;
}

/** The key that new keys are wrapped with. */
export interface ProviderKey {
  readonly providerKey: string;
  readonly state: 'usable' | 'disabled' | 'pending_deletion' | 'pending_import' | 'unavailable';
  readonly createdAt: Date | undefined;
  /** Set while the state is pending_deletion. */
  readonly deletedAfter: Date | undefined;
}

export interface Probe {
  /** Contexts under which a new key is about to be made. */
  readonly create: readonly KeyContext[];
  /** Keys that are about to be unwrapped. */
  readonly unwrap: readonly WrappedKey[];
  /** Keys that are about to be wrapped again. */
  readonly rewrap: readonly WrappedKey[];
}

/**
 * Keeps the keys that wrap data keys; never sees a row. Blind index keys are made, wrapped and unwrapped like data keys,
 * under a context of their own. Failures are OrdersyncErrors whose `facts.reason` is a KmsFault or a
 * KeyringFault.
 */
export interface KeyStore {
  readonly provider: 'local' | 'aws-kms';
  /** Makes 32 random bytes, and wraps them. One KMS call. */
  generateDataKey(context: KeyContext): Promise<NewDataKey>;
  /** Wraps a key that another store made, when moving from one store to another. One KMS call. */
  wrap(dataKey: DataKey, context: KeyContext): Promise<WrappedKey>;
  /** One KMS call. The caller destroys the data key when it is done. */
  unwrap(key: WrappedKey): Promise<DataKey>;
  /** Wraps the same data key with the store's present key, inside the store. One KMS call. */
  rewrap(key: WrappedKey): Promise<WrappedKey>;
  /** Looks at the present key without using it. */
  describe(): Promise<ProviderKey>;
  /** Throws what the real operations would throw, and changes nothing. */
  probe(probe: Probe): Promise<void>;
  /** Forgets keys and closes connections. */
  close(): void;
}

/** What can be wrong with AWS KMS. */
export type KmsFault =
  | 'throttled'
  | 'timeout'
  | 'unreachable'
  | 'service_failure'
  | 'no_credentials'
  | 'bad_credentials'
  | 'no_region'
  | 'access_denied'
  | 'key_not_found'
  | 'key_disabled'
  | 'key_pending_deletion'
  | 'key_unavailable'
  | 'key_unsuitable'
  | 'wrong_key_or_context'
  | 'wrong_answer';

/** What can be wrong with a keyring. */
export type KeyringFault =
  | 'wrong_passphrase'
  | 'wrong_key_file'
  | 'wrong_kind' // a key file for a keyring with a passphrase, or the reverse
  | 'weak_passphrase'
  | 'damaged_keyring'
  | 'changed_keyring'
  | 'not_a_keyring'
  | 'newer_keyring'
  | 'unsafe_file'
  | 'unreadable_file'
  | 'key_not_found'
  | 'wrong_key_or_context';

/** The context of a data key (docs/ciphertext.md, section 7). */
export function dataKeyContext(key: { readonly keyType: string; readonly version: number }): KeyContext {
  return { app: 'ordersync', use: 'data-key', key_type: key.keyType, version: String(key.version) };
}

/** The context of a blind index key. */
export function blindIndexContext(key: { readonly purpose: BlindIndexPurpose; readonly version: number }): KeyContext {
  return { app: 'ordersync', use: 'blind-index', purpose: key.purpose, version: String(key.version) };
}

/** The context of the seed of an archive's signing key. */
export function archiveSigningContext(key: { readonly version: number }): KeyContext {
  return { app: 'ordersync', use: 'archive-signing', version: String(key.version) };
}
