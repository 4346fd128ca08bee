/** A table that the simulated shop writes, with its pairs of ciphertext and key column. Not taken from the program. */
export interface Place {
  readonly table: string;
  /** The name its values are bound to. */
  readonly logical: string;
  /** The column its values are bound to, and by which the shadow finds the row. */
  readonly id: 'id' | 'trace_id';
  readonly pairs: Readonly<Record<string, string>>;
}

const AUDIT_PAIRS = {
  ip_address_encrypted: 'ip_key_id',
  user_agent_encrypted: 'ua_key_id',
  old_value_encrypted: 'old_value_key_id',
  new_value_encrypted: 'new_value_key_id',
};

export const USERS = {
  table: 'users',
  logical: 'users',
  id: 'id',
  pairs: {
    email_encrypted: 'email_key_id',
    phone_encrypted: 'phone_key_id',
    name_encrypted: 'name_key_id',
    password_hash_encrypted: 'password_key_id',
    two_factor_secret_encrypted: 'two_factor_secret_key_id',
  },
} as const satisfies Place;

export const ORDERS = {
  table: 'orders',
  logical: 'orders',
  id: 'id',
  pairs: {
    table_info_encrypted: 'table_key_id',
    items_encrypted: 'items_key_id',
    special_requests_encrypted: 'special_requests_key_id',
  },
} as const satisfies Place;

export const LOGIN_ATTEMPTS = {
  table: 'login_attempts',
  logical: 'login_attempts',
  id: 'id',
  pairs: { ip_address_encrypted: 'ip_key_id', user_agent_encrypted: 'ua_key_id' },
} as const satisfies Place;

export const AUDIT_LOGS = {
  table: 'audit_logs',
  logical: 'audit_logs',
  id: 'trace_id',
  pairs: AUDIT_PAIRS,
} as const satisfies Place;

export const AUDIT_ARCHIVE = {
  table: 'audit_logs_archive',
  logical: 'audit_logs',
  id: 'trace_id',
  pairs: AUDIT_PAIRS,
} as const satisfies Place;

export const PLACES: readonly Place[] = [USERS, ORDERS, LOGIN_ATTEMPTS, AUDIT_LOGS, AUDIT_ARCHIVE];

/** Every column of the pairs: what a rotation may change, and nothing else. */
export function pairColumns({ pairs }: Place): string[] {
  return Object.entries(pairs).flat();
}
