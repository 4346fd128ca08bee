import { isoTime } from '../calendar.ts';
import type { Client } from '../clients.ts';
import { clientOf } from '../clients.ts';
import type { Demo } from '../demo.ts';
import type { Order } from '../order.ts';
import { makeOrder } from '../order.ts';
import { plantedFailures, plantedVisits } from '../planted-visits.ts';
import { between, hex, uuidV4 } from '../random.ts';
import type { Random } from '../random.ts';
import type { SeedRow, SeedTable, SeedValue } from '../table.ts';
import { blind } from '../table.ts';
import { makeVisit } from '../visit.ts';
import { oldUsers, userId } from '../world.ts';
import type { World } from '../world.ts';
import { auditOfOrder, auditOfPermissions, auditOfSignUp, auditOfVisit } from './audit-entries.ts';
import type { AuditEntry } from './audit-entries.ts';

const COLUMNS = [
  'id',
  'trace_id',
  'action',
  'resource_type',
  'resource_id',
  'user_id',
  'ip_address_encrypted',
  'ip_hash',
  'user_agent_encrypted',
  'old_value_encrypted',
  'new_value_encrypted',
  'changes',
  'success',
  'error_message',
  'duration_ms',
  'created_at',
];

/**
 * One unit for each order, together with the visits of about the same time, so that rows come nearly in their order of
 * time; then one for each user who signed up within the span, and one for what is planted.
 */
export const auditLogs: SeedTable = {
  name: 'audit_logs',
  columns: COLUMNS,
  needs: ['users'],
  unitsOf: (demo) => demo.volumes.orders + signUps(demo) + 1,
  rowsOf: (demo, unit) => rowsOf(demo, 'audit', { unit, entries: entriesOf(demo, unit) }),
};

/** How many rows an order has here, with its payment, without the visits of its unit. */
export function countAudit({ steps, payment }: Order): number {
  const decided = steps.filter(({ status }) => status === 'ACCEPTED' || status === 'CANCELLED').length;
  if (payment === null) return 1 + decided;
  return 1 + decided + 1 + payment.changes.length + (payment.refund === null ? 0 : 1);
}

function signUps(world: World): number {
  return world.volumes.users - oldUsers(world);
}

function entriesOf(demo: Demo, unit: number): AuditEntry[] {
  const { orders, visits } = demo.volumes;
  if (unit < orders) {
    const [from, to] = [unit, unit + 1].map((edge) => Math.floor((edge * visits) / orders));
    const entries = auditOfOrder(demo, makeOrder(demo, unit));
    for (let visit = from ?? 0; visit < (to ?? 0); visit += 1)
      entries.push(...auditOfVisit(demo, makeVisit(demo, visit)));
    return entries;
  }
  if (unit < orders + signUps(demo)) return auditOfSignUp(demo, oldUsers(demo) + unit - orders);
  return [
    ...auditOfPermissions(demo),
    ...plantedVisits(demo).flatMap((visit) => auditOfVisit(demo, visit)),
    ...plantedFailures(demo).map(({ at, user, ip, agent, reason }): AuditEntry => {
      const account = user === null ? null : userId(demo, user);
      const attempt = { action: 'LOGIN', resource: ['User', account], user, client: { ip, agent } } as const;
      return { ...attempt, at, error: reason };
    }),
  ];
}

const ARCHIVED_SHARE = 0.1;
const DAY_MS = 86_400_000;

/** Log-ins of the month before the span, of users who are older still: what archive_old_audit_logs() has moved. */
export const auditLogsArchive: SeedTable = {
  name: 'audit_logs_archive',
  columns: [...COLUMNS, 'archived_at'],
  needs: [],
  unitsOf: ({ volumes }) => Math.ceil(volumes.orders * ARCHIVED_SHARE),
  rowsOf: (demo, unit) => {
    const random = demo.random('archived visit', unit);
    const at = demo.span.start - 30 * DAY_MS * (1 - unit / Math.ceil(demo.volumes.orders * ARCHIVED_SHARE));
    const user = unit % Math.max(1, Math.floor(oldUsers(demo) / 2));
    const visit = { at: Math.floor(at), user, client: clientOf(random, user), failures: [], endedAt: null };
    const archived_at = isoTime(demo.span.start + DAY_MS);
    return rowsOf(demo, 'archived audit', { unit, entries: auditOfVisit(demo, visit) }).map((row) => ({
      ...row,
      archived_at,
    }));
  },
};

interface Unit {
  readonly unit: number;
  readonly entries: readonly AuditEntry[];
}

function rowsOf(world: World, kind: string, { unit, entries }: Unit): SeedRow[] {
  const random = world.random(kind, unit);
  return entries.filter(({ at }) => at <= world.span.until).map((entry) => auditRow(world, random, entry));
}

function auditRow(world: World, random: Random, entry: AuditEntry): SeedRow {
  const { action, resource, user, at, client, error = null } = entry;
  return {
    id: uuidV4(random),
    trace_id: hex(random, 4),
    action,
    resource_type: resource[0],
    resource_id: resource[1],
    user_id: user === null ? null : userId(world, user),
    ...clientColumns(client),
    old_value_encrypted: jsonOf(entry.oldValue),
    new_value_encrypted: jsonOf(entry.newValue),
    changes: jsonOf(entry.changes),
    success: error === null,
    error_message: error,
    duration_ms: between(random, 4, 180),
    created_at: isoTime(at),
  };
}

/** Work of the system has no address. */
function clientColumns(client: Client | null): SeedRow {
  if (client === null) return { ip_address_encrypted: null, ip_hash: null, user_agent_encrypted: null };
  return { ip_address_encrypted: client.ip, ip_hash: blind('ip', client.ip), user_agent_encrypted: client.agent };
}

function jsonOf(value: object | undefined): SeedValue {
  return value === undefined ? null : JSON.stringify(value);
}
