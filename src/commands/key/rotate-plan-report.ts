import type { RotationPlan } from '../../domain/keys/rotate/plan.ts';
import type { Report, Row } from '../../output/report.ts';

/** What --dry-run shows: each table with what it is expected to take. */
export function planReport(plans: readonly RotationPlan[]): Report {
  const estimates = plans.flatMap(({ preflight }) => preflight?.estimates ?? []);
  const timeMs = estimates.reduce((sum, estimate) => sum + estimate.timeMs, 0);
  return {
    command: 'key rotate',
    columns: [
      { name: 'type' },
      { name: 'from' },
      { name: 'to' },
      { name: 'action', type: 'state' },
      { name: 'table' },
      { name: 'rows', type: 'integer' },
      { name: 'values', type: 'integer' },
      { name: 'table_bytes', type: 'bytes' },
      { name: 'time_ms', type: 'ms' },
      { name: 'wal_bytes', type: 'bytes' },
      { name: 'growth_bytes', type: 'bytes' },
    ],
    rows: plans.flatMap(rowsOf),
    notes: [
      ...plans.flatMap(notesOf),
      ...(estimates.length === 0 ? [] : [`about ${Math.ceil(timeMs / 1000)} s of work, besides the grace period`]),
      'nothing was changed',
    ],
    warnings: [...new Set(plans.flatMap(({ preflight }) => preflight?.warnings ?? []))],
  };
}

/** `pii-v1`, or several that were never left behind. */
export function sourcesOf({ decision, rotating }: RotationPlan): string {
  return [...(decision.kind === 'start' ? [decision.from.keyId] : []), ...rotating].join(', ');
}

/** Says what becomes of a type with nothing to do, and what would. */
export function notesOf({ keyType, decision, rotating }: RotationPlan): string[] {
  const again = `ordersync key rotate --type ${keyType}`;
  if (decision.kind === 'nothing to resume') return [`${keyType}: there is no unfinished rotation`];
  if (decision.kind !== 'young') return [];
  const young = `${keyType}: ${decision.active.keyId} is active and young enough; --if-older-than 0 rotates all the same`;
  if (decision.aborted !== undefined) {
    return [young, `${rotating.join(', ')} still decrypts: ${again} --resume goes on with the aborted rotation`];
  }
  return [young, ...rotating.map((key) => `${key} is still ROTATING: ordersync key status shows what needs it`)];
}

function rowsOf(plan: RotationPlan): Row[] {
  const { keyType, decision, preflight } = plan;
  const head = { type: keyType, from: sourcesOf(plan), to: targetOf(plan), action: decision.kind };
  if (preflight === undefined) {
    const nothing = { table: null, rows: 0, values: 0, table_bytes: 0, time_ms: 0, wal_bytes: 0, growth_bytes: 0 };
    return [{ ...head, ...nothing }];
  }
  return preflight.estimates.map(({ table, rows, values, bytes, timeMs, walBytes, diskBytes }) => ({
    ...head,
    table,
    rows,
    values,
    table_bytes: bytes,
    time_ms: timeMs,
    wal_bytes: walBytes,
    growth_bytes: diskBytes,
  }));
}

export function targetOf({ decision }: RotationPlan): string {
  if (decision.kind === 'start') return decision.key.keyId;
  return decision.kind === 'resume' || decision.kind === 'reopen' ? decision.run.toKeyId : decision.active.keyId;
}
