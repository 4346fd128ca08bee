import type { CheckName, Finding } from '../partitions/check/finding.ts';
import { FIX_COMMAND } from '../partitions/check/finding.ts';
import { checkPartitions } from '../partitions/check/check.ts';
import type { Check, Fix, Look, Sighting } from './check.ts';
import { ok } from './check.ts';

interface PartitionCheck {
  readonly id: string;
  readonly title: string;
  readonly expected: string;
  readonly why: string;
  readonly covers: readonly CheckName[];
  readonly oncall?: true;
}

/** The findings of `partition check`, one check for each kind of fault. */
const CHECKS: readonly PartitionCheck[] = [
  {
    id: 'perf.partition-runway',
    title: 'there are months ahead',
    expected: 'this month and the next two, for each of the four tables',
    why: 'rows of a month without a partition pile up in the catch-all',
    covers: ['runway'],
    oncall: true,
  },
  {
    id: 'perf.partition-holes',
    title: 'the months join without a hole',
    expected: 'every instant has exactly one partition',
    why: 'an INSERT into a hole fails',
    covers: ['hole', 'overlap', 'structure'],
    oncall: true,
  },
  {
    id: 'perf.partition-catch-alls',
    title: 'the catch-alls are there, and empty',
    expected: 'an underflow and an overflow without rows, and no DEFAULT partition',
    why: 'rows in a catch-all keep the month they belong to from being made',
    covers: ['catch-all', 'default', 'quarantine'],
  },
  {
    id: 'perf.partition-bounds',
    title: 'partitions are months in UTC, and named after them',
    expected: 'bounds at midnight of the first, UTC; names such as orders_y2026m11',
    why: 'a month made in another time zone leaves a hole or an overlap of hours',
    covers: ['bounds', 'time-zone', 'name'],
  },
  {
    id: 'perf.partition-detach',
    title: 'no detach has stopped half way',
    expected: 'no partition waits for its detach to be finished',
    why: 'its rows are invisible meanwhile, and dropping it would lose them',
    covers: ['detach'],
    oncall: true,
  },
  {
    id: 'perf.partition-drift',
    title: 'partitions have what their parent has',
    expected: 'the triggers, row security, grants and indexes of the parent',
    why: 'statement triggers, row security and grants are not inherited: a partition without them is a way round',
    covers: ['triggers', 'row-security', 'grants', 'indexes'],
  },
];

export function partitionChecks(): Check[] {
  return CHECKS.map(({ covers, oncall, ...words }) => ({
    ...words,
    box: '성능: 파티셔닝 설정 완료',
    profiles: oncall === true ? ['pre-deploy', 'oncall', 'daily'] : ['pre-deploy', 'daily'],
    requires: ['orders', 'payments', 'audit_logs', 'notification_logs'].map((name) => ({
      kind: 'partitions',
      name: `public.${name}`,
    })),
    look: async (look) => {
      const findings = await look.once('partitions', async () => findingsOf(look));
      const bad = findings.filter(({ check, verdict }) => covers.includes(check) && verdict !== 'ok');
      if (bad.length > 0) return bad.map(sightingOf);
      return [ok(`${new Set(findings.map(({ table }) => table)).size} tables looked at`)];
    },
  }));
}

function findingsOf({ clock, session }: Look): Promise<readonly Finding[]> {
  return checkPartitions({ clock, session }, { tables: [], minAhead: 2 });
}

function sightingOf({ table, partition, verdict, evidence, fix }: Finding): Sighting {
  return {
    severity: verdict,
    evidence: `${partition ?? table}: ${evidence}`,
    fix: fix === undefined ? undefined : fixOf(fix),
  };
}

/** Some findings say after the command what it will do. */
function fixOf(fix: string): Fix {
  if (fix.startsWith(FIX_COMMAND)) return { kind: 'command', text: FIX_COMMAND };
  if (fix.startsWith('ordersync ')) return { kind: 'command', text: fix };
  return { kind: fix.startsWith('reindex ') ? 'sql' : 'doc', text: fix };
}
