import { counted } from '../../../counted.ts';
import type { Clock } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { readTableStates } from '../catalog.ts';
import { nameOf } from '../locks.ts';
import { requireReadablePartitions } from '../readable.ts';
import type { Partition, TableState } from '../table.ts';
import { caughtFindings, countCaught } from './catch-all.ts';
import type { Finding } from './finding.ts';
import { FIX_COMMAND } from './finding.ts';
import { readDrift, readInvalidIndexes, readQuarantines } from './queries.ts';
import type { Drift } from './queries.ts';
import { checkRanges } from './ranges.ts';

export interface CheckRequest {
  readonly tables: readonly string[];
  readonly minAhead: number;
}

type Draft = Omit<Finding, 'table'>;

/** Looks at everything that can be wrong with partitions. Reads only; counts the catch-alls, which should be empty. */
export async function checkPartitions(
  { clock, session }: { readonly clock: Clock; readonly session: Session },
  { tables, minAhead }: CheckRequest,
): Promise<readonly Finding[]> {
  const now = clock.now().getTime();
  const findings: Finding[] = [];
  const states = await readTableStates(session, tables);
  await requireReadablePartitions(session, states);
  for (const table of states) {
    const name = nameOf(table);
    const drafts =
      table.key === undefined
        ? [structureFinding(table)]
        : [
            ...checkRanges(table, { now, minAhead }),
            ...(await caught(session, table, now)),
            ...pendingFindings(table),
            ...(await quarantines(session, table)),
            ...(await drift(session, table)),
          ];
    findings.push(...drafts.map((draft) => ({ table: name, ...draft })));
  }
  return findings;
}

/** The words by which a table that was set aside is found again. */
export function quarantineComment(table: TableState): string {
  return `ordersync: rows of the former default partition of ${nameOf(table)}, on their way back`;
}

function structureFinding(table: TableState): Draft {
  const convertible = table.unsupported === 'not partitioned';
  return {
    partition: undefined,
    check: 'structure',
    verdict: convertible ? 'warning' : 'critical',
    evidence: table.unsupported ?? '',
    fix: convertible ? `ordersync partition convert ${nameOf(table)}` : 'partition it by one timestamptz or one UUIDv7',
    repair: undefined,
  };
}

async function caught(session: Session, table: TableState, now: number): Promise<Draft[]> {
  const drafts: Draft[] = [];
  for (const partition of table.partitions.filter(({ pending }) => !pending)) {
    if (partition.kind === 'default') drafts.push(defaultFinding(table, partition));
    if (partition.kind !== 'underflow' && partition.kind !== 'overflow') continue;
    drafts.push(...caughtFindings(table, partition, await countCaught(session, table, { partition, now })));
  }
  return drafts;
}

function defaultFinding(table: TableState, partition: Partition): Draft {
  return {
    partition: partition.name,
    check: 'default',
    verdict: 'critical',
    evidence: `a DEFAULT partition with about ${counted(partition.rows, 'row')}: no DETACH CONCURRENTLY, and every new month scans it`,
    fix: `${FIX_COMMAND} --default drain`,
    repair: { kind: 'default', table, partition },
  };
}

function pendingFindings(table: TableState): Draft[] {
  return table.partitions
    .filter(({ pending }) => pending)
    .map((partition) => ({
      partition: partition.name,
      check: 'detach',
      verdict: 'critical',
      evidence: `its detach is unfinished: its rows are invisible, INSERTs of its range fail, and DROP TABLE would lose them`,
      fix: FIX_COMMAND,
      repair: { kind: 'finish detach', table, partition },
    }));
}

async function quarantines({ sql }: Session, table: TableState): Promise<Draft[]> {
  const found = await readQuarantines(sql, quarantineComment(table));
  return found.map((quarantine) => ({
    partition: quarantine.name,
    check: 'quarantine',
    verdict: 'critical',
    evidence: 'rows set aside from a default partition are not all back: they are invisible in the table',
    fix: FIX_COMMAND,
    repair: { kind: 'quarantine', table, quarantine },
  }));
}

async function drift({ sql }: Session, table: TableState): Promise<Draft[]> {
  const byOid = new Map(table.partitions.map((partition) => [partition.oid, partition]));
  const drafts = (await readDrift(sql, table.oid)).flatMap((row) => {
    const partition = byOid.get(row.oid);
    // A default partition is to be replaced, not repaired.
    return partition === undefined || partition.kind === 'default' ? [] : driftFindings(table, partition, row);
  });
  const invalid = await readInvalidIndexes(sql, table.oid);
  return [
    ...drafts,
    ...invalid.map((index): Draft => ({
      partition: undefined,
      check: 'indexes',
      verdict: 'warning',
      evidence: `${index} is invalid: not every partition has it`,
      fix: 'CREATE INDEX CONCURRENTLY on the partitions that lack it, then ALTER INDEX … ATTACH PARTITION',
      repair: undefined,
    })),
  ];
}

function driftFindings(table: TableState, partition: Partition, row: Drift): Draft[] {
  const align = { fix: FIX_COMMAND, repair: { kind: 'align', table, partition } } as const;
  const about = { partition: partition.name, verdict: 'critical' } as const;
  const drafts: Draft[] = [];
  if (row.triggers.length > 0) {
    drafts.push({ ...about, ...align, check: 'triggers', evidence: `lacks ${row.triggers.join(', ')} of its parent` });
  }
  if (row.disabled.length > 0) {
    const fix = `alter table ${partition.name} enable trigger …, by whoever disabled it`;
    drafts.push({
      ...about,
      check: 'triggers',
      evidence: `${row.disabled.join(', ')} disabled`,
      fix,
      repair: undefined,
    });
  }
  if (row.rowSecurityOff) {
    drafts.push({ ...about, ...align, check: 'row-security', evidence: 'row security is off, and on for its parent' });
  }
  if (row.grantees.length > 0) {
    const evidence = `granted to ${row.grantees.join(', ')}, past the policies of its parent`;
    drafts.push({ ...about, ...align, check: 'grants', evidence });
  }
  for (const index of row.invalidIndexes) {
    const fix = `reindex index concurrently ${index}`;
    drafts.push({
      ...about,
      verdict: 'warning',
      check: 'indexes',
      evidence: `${index} is invalid`,
      fix,
      repair: undefined,
    });
  }
  return drafts;
}
