export interface Deviation {
  /** What stands there instead; undefined where the name is gone from this place. */
  readonly becomes: string | undefined;
  readonly why: string;
}

const ACTIONS = [
  'LOGIN LOGOUT CREATE_ORDER ACCEPT_ORDER CANCEL_ORDER CREATE_PAYMENT REFUND_PAYMENT UPDATE_USER DELETE_USER',
  'UPDATE_PERMISSIONS CREATE_USER UPDATE_PAYMENT DELETE_PAYMENT',
  'ROTATE_KEY CREATE_KEY REWRAP_KEY RETIRE_KEY DESTROY_KEY DECRYPT_VALUE',
].flatMap((words) => words.split(' '));
const ME = '( SELECT app_current_user_id() AS app_current_user_id)';
const PARTITION_KEY = 'the partition key has to be part of the primary key, and nothing references the table';
const NOT_NULL = 'a null part makes ck_orders_amounts and ck_payments_amounts hold for any total (D35)';
const BIGINT = 'a sum of bigint is numeric; amounts are bigint (D5)';
const UUID_V7 = 'monthly partitions by id need an id that carries its time (decision 1)';
const POLICY = 'an unset or empty setting is nobody instead of an error, evaluated once, with indexes (D15, D20, D22)';
const TRIGGER = 'UPDATE has a trigger of its own, whose WHEN clause leaves out re-encryption (D50)';

/** Everything that differs from the specification on purpose, with the defect or decision behind it. */
export const DEVIATIONS: Readonly<Record<string, Deviation>> = {
  'column orders.id': { becomes: 'uuid not null default uuid_v7()', why: UUID_V7 },
  'column payments.id': { becomes: 'uuid not null default uuid_v7()', why: UUID_V7 },
  'column orders.discount_amount': { becomes: 'bigint not null default 0', why: NOT_NULL },
  'column orders.tax_amount': { becomes: 'bigint not null default 0', why: NOT_NULL },
  'column payments.fee': { becomes: 'bigint not null default 0', why: NOT_NULL },
  'column payment_current_state.captured_amount': { becomes: 'bigint', why: BIGINT },
  'column payment_current_state.refunded_amount': { becomes: 'bigint', why: BIGINT },
  'column payment_current_state.net_amount': { becomes: 'bigint', why: BIGINT },
  'comment orders.anonymous_token': {
    becomes: 'UUID + HMAC - 익명 주문 추적용 (해시만 저장)',
    why: 'a bearer secret is not stored, its hash is (D59)',
  },
  'comment users.email_hash': {
    becomes: 'SHA-256 해시 - 로그인 시 빠른 검색용 (HMAC-SHA-256, 정규화한 이메일)',
    why: 'a plain hash of an address can be guessed from a list (D47)',
  },
  'constraint audit_logs.audit_logs_pkey': { becomes: 'PRIMARY KEY (id, created_at)', why: `${PARTITION_KEY} (D2)` },
  'constraint notification_logs.notification_logs_pkey': {
    becomes: 'PRIMARY KEY (id, created_at)',
    why: `${PARTITION_KEY} (D25)`,
  },
  'constraint audit_logs.ck_audit_logs_action': {
    becomes: `CHECK (((action)::text = ANY ((ARRAY[${ACTIONS.map((action) => `'${action}'::character varying`).join(', ')}])::text[])))`,
    why: 'the audit trigger, security query 3 and the key commands write actions the list lacks (D17)',
  },
  'constraint payments.uk_payments_order_id': {
    becomes: undefined,
    why: 'a unique constraint has to contain the partition key; it is on payment_order_keys under this name (decision 2)',
  },
  'index idx_rate_limits_identifier': {
    becomes:
      'CREATE UNIQUE INDEX idx_rate_limits_identifier ON public.api_rate_limits USING btree ' +
      '(identifier, identifier_type, endpoint, window_start) NULLS NOT DISTINCT',
    why: 'without an endpoint there were two counters for one window (D36)',
  },
  'index idx_users_email_hash': {
    becomes: 'CREATE INDEX idx_users_email_hash ON public.users USING hash (email_hash)',
    why: 'a second B-tree on the column of uk_users_email_hash; the index table says hash (D46)',
  },
  'job create-audit-partition': {
    becomes: '0 0 * * * SELECT create_audit_log_partition()',
    why: 'once a month, one missed run is an outage (D28)',
  },
  'policy user_sessions.user_sessions_policy': {
    becomes: `for all to application_role using ((user_id = ${ME}))`,
    why: POLICY,
  },
  'policy restaurants.restaurants_owner_policy': {
    becomes: `for all to application_role using ((owner_id = ${ME}))`,
    why: POLICY,
  },
  'policy orders.orders_access_policy': {
    becomes:
      `for all to application_role using (((customer_id = ${ME}) OR (restaurant_id = ANY (ARRAY( SELECT restaurants.id\n` +
      `   FROM restaurants\n  WHERE (restaurants.owner_id = ${ME}))))))`,
    why: POLICY,
  },
  'trigger payments.trigger_audit_payments': {
    becomes:
      'CREATE TRIGGER trigger_audit_payments AFTER INSERT OR DELETE ON public.payments ' +
      'FOR EACH ROW EXECUTE FUNCTION auto_audit_log()',
    why: TRIGGER,
  },
  'trigger users.trigger_audit_users': {
    becomes:
      'CREATE TRIGGER trigger_audit_users AFTER INSERT OR DELETE ON public.users ' +
      'FOR EACH ROW EXECUTE FUNCTION auto_audit_log()',
    why: TRIGGER,
  },
};
