import { createHash, randomUUID } from 'node:crypto';
import type postgres from 'postgres';

/** Rows with every required column filled, as the owner of the tables writes them. Each returns the id. */

export type Client = postgres.Sql | postgres.TransactionSql;
type Columns = Readonly<Record<string, string | number | boolean | null>>;

export async function addUser(sql: Client, columns: Columns = {}): Promise<string> {
  return insert(sql, 'users', {
    email_encrypted: 'cipher',
    email_key_id: 'pii-v1',
    email_hash: hashOf(randomUUID()),
    password_hash_encrypted: 'cipher',
    password_key_id: 'pii-v1',
    salt: 'salt',
    ...columns,
  });
}

export async function addRestaurant(sql: Client, owner: string, columns: Columns = {}): Promise<string> {
  return insert(sql, 'restaurants', {
    owner_id: owner,
    name_encrypted: 'cipher',
    name_key_id: 'business-v1',
    address_encrypted: 'cipher',
    address_key_id: 'business-v1',
    phone_encrypted: 'cipher',
    phone_key_id: 'business-v1',
    ...columns,
  });
}

export async function addMenu(sql: Client, restaurant: string, columns: Columns = {}): Promise<string> {
  return insert(sql, 'menus', {
    restaurant_id: restaurant,
    name_encrypted: 'cipher',
    name_key_id: 'business-v1',
    price: 9000,
    category: '한식',
    ...columns,
  });
}

export async function addOrder(sql: Client, restaurant: string, columns: Columns = {}): Promise<string> {
  return insert(sql, 'orders', {
    restaurant_id: restaurant,
    items_encrypted: 'cipher',
    items_key_id: 'pii-v1',
    subtotal: 10_000,
    total_amount: 10_000,
    ...columns,
  });
}

export async function addOrderItem(sql: Client, order: string, menu: string): Promise<string> {
  return insert(sql, 'order_items', { order_id: order, menu_id: menu, quantity: 2, unit_price: 5000 });
}

export async function addPayment(sql: Client, order: string, columns: Columns = {}): Promise<string> {
  return insert(sql, 'payments', {
    order_id: order,
    amount: 10_000,
    fee: 300,
    net_amount: 9700,
    payment_method: 'CARD',
    external_id_encrypted: 'cipher',
    external_key_id: 'payment-v1',
    ...columns,
  });
}

export async function addRefund(sql: Client, payment: string, columns: Columns = {}): Promise<string> {
  return insert(sql, 'payment_refunds', { payment_id: payment, amount: 1000, ...columns });
}

export async function addSession(sql: Client, user: string, columns: Columns = {}): Promise<string> {
  return insert(sql, 'user_sessions', {
    user_id: user,
    access_token_hash: hashOf(randomUUID()),
    ip_address_encrypted: 'none',
    ip_key_id: 'none',
    expires_at: '2999-01-01',
    ...columns,
  });
}

export async function addNotification(sql: Client, columns: Columns = {}): Promise<string> {
  return insert(sql, 'notification_logs', {
    recipient_info_encrypted: 'cipher',
    recipient_key_id: 'pii-v1',
    type: 'EMAIL',
    content_encrypted: 'cipher',
    content_key_id: 'pii-v1',
    ...columns,
  });
}

export async function addAuditLog(sql: Client, columns: Columns = {}): Promise<string> {
  return insert(sql, 'audit_logs', {
    trace_id: '0123456789abcdef0123456789abcdef',
    action: 'LOGIN',
    resource_type: 'User',
    ip_address_encrypted: 'none',
    ip_key_id: 'none',
    success: true,
    ...columns,
  });
}

/** 64 hex digits, as the keyed hashes are. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export async function insert(sql: Client, table: string, columns: Columns): Promise<string> {
  const [row] = await sql<{ id: string }[]>`insert into ${sql(table)} ${sql(columns)} returning id`;
  return row!.id;
}
