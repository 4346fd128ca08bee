import { isoTime } from '../calendar.ts';
import type { Client } from '../clients.ts';
import { anonymousClient, clientOf } from '../clients.ts';
import type { Order, Step } from '../order.ts';
import type { Payment } from '../payment.ts';
import { PLANTED, PLANTED_CUSTOMER } from '../planted.ts';
import { FIRST_STAFF } from '../volumes.ts';
import type { Visit } from '../visit.ts';
import { firstCustomer, restaurantId, userCreatedAt, userId } from '../world.ts';
import type { World } from '../world.ts';
import { permissionsOf, roleOf } from './users.ts';

/** What happened, before it is an audit row. Absent old and new values are null columns. */
export interface AuditEntry {
  readonly action: string;
  readonly resource: readonly [type: string, id: string | null];
  readonly user: number | null;
  readonly at: number;
  /** Null for work of the system. */
  readonly client: Client | null;
  readonly oldValue?: object;
  readonly newValue?: object;
  /** As the audit trigger writes them. */
  readonly changes?: object;
  readonly error?: string | null;
}

/** An order and its payment: what the application records, and what the trigger on payments does. */
export function auditOfOrder(world: World, order: Order): AuditEntry[] {
  const { index, id, steps, payment, customer, restaurant, total, lines } = order;
  const random = world.random('order client', index);
  const resource = ['Order', id] as const;
  const client = customer === null ? anonymousClient(random) : clientOf(random, customer);
  const newValue = { restaurant_id: restaurantId(world, restaurant), lines: lines.length, total_amount: total };
  const created: AuditEntry = { action: 'CREATE_ORDER', resource, user: customer, at: order.at, client, newValue };
  const changes = steps.flatMap(({ status, at, by }, position): AuditEntry[] => {
    const action = ORDER_ACTIONS[status];
    if (action === undefined) return [];
    const values = { oldValue: { status: steps[position - 1]?.status }, newValue: { status } };
    const actor = by === order.owner ? clientOf(random, by) : order.course === 'payment failed' ? null : client;
    return [{ action, resource, user: by, at, client: actor, ...values }];
  });
  return [created, ...changes, ...(payment === null ? [] : auditOfPayment(world, order, payment))];
}

const ORDER_ACTIONS: Partial<Readonly<Record<Step['status'], string>>> = {
  ACCEPTED: 'ACCEPT_ORDER',
  CANCELLED: 'CANCEL_ORDER',
};
const TIME_COLUMNS: Readonly<Record<string, string>> = {
  AUTHORIZED: 'authorized_at',
  CAPTURED: 'captured_at',
  FAILED: 'failed_at',
};

function auditOfPayment(world: World, { customer, id: orderId }: Order, payment: Payment): AuditEntry[] {
  const resource = ['payments', payment.id] as const;
  const { method, amount, fee } = payment;
  const first = { order_id: orderId, amount, fee, net_amount: amount - fee, payment_method: method, status: 'PENDING' };
  const inserted = Object.fromEntries(
    Object.entries({ ...first, version: 1 }).map(([name, value]) => [name, { new: value }]),
  );
  const created: AuditEntry = {
    action: 'CREATE_PAYMENT',
    resource,
    user: customer,
    at: payment.at,
    client: null,
    changes: inserted,
  };
  const updates = payment.changes.map(({ status, at }, position): AuditEntry => {
    const column = TIME_COLUMNS[status];
    const changes = {
      status: { old: payment.changes[position - 1]?.status ?? 'PENDING', new: status },
      version: { old: position + 1, new: position + 2 },
      ...(column === undefined ? {} : { [column]: { old: null, new: isoTime(at) } }),
    };
    return { action: 'UPDATE_PAYMENT', resource, user: null, at, client: null, changes };
  });
  return [created, ...updates, ...auditOfRefund(world, payment)];
}

/** Refunds are given by members of staff. */
function auditOfRefund(world: World, { id, refund }: Payment): AuditEntry[] {
  if (refund === null) return [];
  const user = FIRST_STAFF + (refund.at % 7);
  const client = clientOf(world.random('staff client', user), user);
  const newValue = { amount: refund.amount, reason: refund.reason };
  return [{ action: 'REFUND_PAYMENT', resource: ['Payment', id], user, at: refund.at, client, newValue }];
}

export function auditOfVisit(world: World, { at, user, client, failures, endedAt }: Visit): AuditEntry[] {
  const resource = ['User', userId(world, user)] as const;
  const failed = failures.map((time): AuditEntry => ({
    action: 'LOGIN',
    resource,
    user,
    at: time,
    client,
    error: 'INVALID_PASSWORD',
  }));
  const ended: AuditEntry[] = endedAt === null ? [] : [{ action: 'LOGOUT', resource, user, at: endedAt, client }];
  return [...failed, { action: 'LOGIN', resource, user, at, client }, ...ended];
}

/** As the trigger on users writes it: nobody is logged in yet. */
export function auditOfSignUp(world: World, user: number): AuditEntry[] {
  const changes = {
    role: { new: 'CUSTOMER' },
    permissions: { new: [] },
    status: { new: 'ACTIVE' },
    failed_login_count: { new: 0 },
    two_factor_enabled: { new: false },
    version: { new: 1 },
  };
  const at = userCreatedAt(world, user);
  return [{ action: 'CREATE_USER', resource: ['users', userId(world, user)], user: null, at, client: null, changes }];
}

const HOUR_MS = 3_600_000;

/** Two members of staff got a right by an administrator; then a customer became one, by an account of staff. */
export function auditOfPermissions(world: World): AuditEntry[] {
  const promoted = firstCustomer(world) + PLANTED_CUSTOMER.promoted;
  const staff = [FIRST_STAFF, FIRST_STAFF + 1];
  const changes: AuditEntry[] = staff.map((user, nth) => {
    const now = JSON.parse(permissionsOf(roleOf(world, user))) as string[]; // written by permissionsOf itself
    const permissions = { old: now.slice(0, -1), new: now };
    return permissionChange(world, { user, by: 0, hoursAgo: 20 - nth * 6, changes: { permissions } });
  });
  const role = { old: 'CUSTOMER', new: roleOf(world, promoted) };
  const rights = { old: [], new: JSON.parse(permissionsOf(roleOf(world, promoted))) as string[] }; // as above
  const last = { user: promoted, by: FIRST_STAFF + 2, hoursAgo: 3, changes: { role, permissions: rights } };
  return [...changes, permissionChange(world, last)].slice(-PLANTED.permissionChanges);
}

interface PermissionChange {
  readonly user: number;
  readonly by: number;
  readonly hoursAgo: number;
  readonly changes: Readonly<Record<string, { readonly old: unknown; readonly new: unknown }>>;
}

function permissionChange(world: World, { user, by, hoursAgo, changes }: PermissionChange): AuditEntry {
  const side = (which: 'old' | 'new'): object =>
    Object.fromEntries(Object.entries(changes).map(([column, change]) => [column, change[which]]));
  return {
    action: 'UPDATE_PERMISSIONS',
    resource: ['users', userId(world, user)],
    user: by,
    at: world.span.until - hoursAgo * HOUR_MS,
    client: clientOf(world.random('staff client', by), by),
    oldValue: side('old'),
    newValue: side('new'),
    changes,
  };
}
