import type { Month } from '../month.ts';
import { endOf, monthOf, monthsLater, partitionName, startOf } from '../month.ts';
import type { Partition, TableState } from '../table.ts';
import { boundText, finiteRangesOf, partitionOfKind, rangesOf } from '../table.ts';
import type { Finding, Repair } from './finding.ts';
import { FIX_COMMAND } from './finding.ts';

const DAY_MS = 86_400_000;
const QUARTER_HOUR_MS = 900_000;
/** Time zones reach from -12 to +14 hours, in steps of a quarter of an hour. */
const FARTHEST_ZONE_MS = 14 * 3_600_000;

export interface RangeRequest {
  readonly now: number;
  /** Months after the present one that should be there. */
  readonly minAhead: number;
}

type Draft = Omit<Finding, 'table'>;

/** What the bounds alone say: runway, holes, overlaps, months of another time zone, wrong names. Pure. */
export function checkRanges(table: TableState, request: RangeRequest): readonly Draft[] {
  return [
    runway(table, request),
    ...holes(table),
    ...overlaps(table),
    ...missingCatchAlls(table),
    ...table.partitions.flatMap((partition) => [...boundFindings(partition), ...nameFindings(table, partition)]),
  ];
}

/** Milliseconds from now to the end of the last month without a hole before it; negative when now itself has no month. */
export function runwayMs(table: TableState, now: number): number {
  let end = now;
  for (const range of finiteRangesOf(table)) {
    if (range.start <= end && range.end > end) end = range.end;
  }
  return end === now ? -1 : end - now;
}

function runway(table: TableState, { now, minAhead }: RangeRequest): Draft {
  const reach = runwayMs(table, now);
  const wanted = endOf(monthsLater(monthOf(now), minAhead));
  const days = Math.floor(Math.max(0, reach) / DAY_MS);
  const until = reach < 0 ? 'the present month has no partition' : `until ${boundText(now + reach)}`;
  const short = now + reach < wanted;
  return {
    partition: undefined,
    check: 'runway',
    verdict: short
      ? reach < 0 || now + reach < endOf(monthsLater(monthOf(now), Math.min(1, minAhead)))
        ? 'critical'
        : 'warning'
      : 'ok',
    evidence: `${days} days of months ahead, ${until}`,
    fix: short ? `ordersync partition ensure --ahead ${Math.max(3, minAhead)}` : undefined,
    repair: short ? monthsRepair(table, monthOf(now), monthsLater(monthOf(now), minAhead)) : undefined,
  };
}

function holes(table: TableState): Draft[] {
  const ranges = rangesOf(table);
  return ranges.slice(1).flatMap((range, index) => {
    const before = ranges[index];
    if (before === undefined || before.end >= range.start) return [];
    const whole = startOf(monthOf(before.end)) === before.end && startOf(monthOf(range.start)) === range.start;
    return [
      {
        partition: undefined,
        check: 'hole' as const,
        verdict: 'critical' as const,
        evidence: `from ${boundText(before.end)} to ${boundText(range.start)} every INSERT fails`,
        fix: whole ? FIX_COMMAND : 'its bounds are not months: see docs/partitions.md, "Shifted bounds"',
        repair: whole ? monthsRepair(table, monthOf(before.end), monthOf(range.start - 1)) : undefined,
      },
    ];
  });
}

/** PostgreSQL refuses them; two ids in one millisecond can still bound ranges that overlap in time. */
function overlaps(table: TableState): Draft[] {
  const ranges = rangesOf(table);
  return ranges.slice(1).flatMap((range, index) => {
    const before = ranges[index];
    if (before === undefined || before.end <= range.start) return [];
    return [
      {
        partition: range.name,
        check: 'overlap' as const,
        verdict: 'critical' as const,
        evidence: `begins at ${boundText(range.start)}, before ${before.name} ends at ${boundText(before.end)}`,
        fix: 'one of the two has bounds that are no floor of a month: detach it and move its rows',
        repair: undefined,
      },
    ];
  });
}

function missingCatchAlls(table: TableState): Draft[] {
  if (partitionOfKind(table, 'default') !== undefined) return [];
  const missing = (['underflow', 'overflow'] as const).filter((kind) => partitionOfKind(table, kind) === undefined);
  return missing.map((kind) => ({
    partition: `${table.name}_${kind}`,
    check: 'catch-all',
    verdict: 'critical',
    evidence: `there is no ${kind}: an INSERT ${kind === 'underflow' ? 'before the first' : 'after the last'} month fails`,
    fix: FIX_COMMAND,
    repair: finiteRangesOf(table).length === 0 ? undefined : { kind: 'catch-alls', table },
  }));
}

function boundFindings(partition: Partition): Draft[] {
  if (partition.kind !== 'odd') return [];
  const { start, end, name } = partition;
  const shift = zoneShift(start);
  const zone = shift !== 0 && shift === zoneShift(end) ? shift : undefined;
  const wholeMonths = startOf(monthOf(start)) === start && startOf(monthOf(end)) === end;
  if (zone === undefined && wholeMonths) return [];
  const range = `from ${boundText(start)} to ${boundText(end)}`;
  return [
    {
      partition: name,
      check: zone === undefined ? 'bounds' : 'time-zone',
      verdict: 'critical',
      evidence:
        zone === undefined ? `${range} is no month in UTC` : `${range} is a month in the time zone ${zoneText(zone)}`,
      fix: 'detach it, let ensure make the month, and move its rows: docs/partitions.md, "Shifted bounds"',
      repair: undefined,
    },
  ];
}

/** How far an instant lies from the nearest beginning of a month, when a time zone can explain it; otherwise 0. */
function zoneShift(at: number): number {
  const month = monthOf(at);
  const shift = [startOf(month), endOf(month)]
    .map((start) => start - at)
    .find((ms) => Math.abs(ms) <= FARTHEST_ZONE_MS);
  return shift === undefined || shift % QUARTER_HOUR_MS !== 0 ? 0 : shift;
}

/** The beginning of a month lies before the one in UTC where clocks are ahead: +09:00. */
function zoneText(shiftMs: number): string {
  const minutes = Math.abs(shiftMs) / 60_000;
  const clock = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${shiftMs > 0 ? '+' : '-'}${clock}`;
}

function nameFindings(table: TableState, partition: Partition): Draft[] {
  const to = rightName(table, partition);
  if (to === undefined || to === partition.name) return [];
  return [
    {
      partition: partition.name,
      check: 'name',
      verdict: 'warning',
      evidence: `holds ${partition.month ?? `the ${partition.kind}`} and should be called ${to}`,
      fix: FIX_COMMAND,
      repair: { kind: 'rename', table, partition, to },
    },
  ];
}

function rightName(table: TableState, { kind, month }: Partition): string | undefined {
  if (month !== undefined) return partitionName(table.name, month);
  return kind === 'underflow' || kind === 'overflow' ? `${table.name}_${kind}` : undefined;
}

export function monthsRepair(table: TableState, from: Month, to: Month, rows = 0): Repair {
  return { kind: 'months', table, span: { from, to }, rows };
}
