import type { Catalogue, CatalogueObject, Partition } from './model.ts';
import type { Difference } from './object-diff.ts';
import { compareObjects } from './object-diff.ts';
import { byKindAndIdentity, identityIn } from './identity.ts';

export interface PartitionRules {
  /** Partitions that the expected database has none of are made in operation, and no difference. */
  readonly madeInOperation: boolean;
}

/**
 * Compares each partition with what a partition of its parent and bound shape has in the expected database, and the shapes
 * that there are: a catch-all that is gone, a DEFAULT that came. What the parent lacks or has too much is told there and not
 * once more for each partition. Where the expected database has no partitions of the
 * parent, the majority of those that there are is the model, so that at least the odd one out is found.
 */
export function comparePartitions(expected: Catalogue, actual: Catalogue, rules: PartitionRules): Difference[] {
  const told = new Set(compareObjects(expected.objects, actual.objects).map(keyOf));
  const wanted = bySeries(expected.partitions);
  const found = bySeries(actual.partitions);
  const parents = new Set(expected.partitions.map(({ parent }) => parent));
  const tables = new Set(actual.objects.map(({ kind, identity }) => `${kind} ${identity}`));
  const gone = [...wanted].flatMap(([series, [first]]) =>
    found.has(series) || first === undefined || !tables.has(`table ${first.parent}`)
      ? []
      : [shapeDifference('missing', first)],
  );
  const there = [...found].flatMap(([series, partitions]) => {
    const models = wanted.get(series);
    const tolerated = rules.madeInOperation && !parents.has(partitions[0]?.parent ?? '');
    if (models === undefined && !tolerated)
      return partitions.map((partition) => shapeDifference('unexpected', partition));
    return partitions.flatMap((partition) => compareWith(modelOf(models ?? partitions), partition, told));
  });
  return [...gone, ...there];
}

/** Partitions by parent and bound shape: those of one series are alike. */
function bySeries(partitions: readonly Partition[]): Map<string, Partition[]> {
  const series = new Map<string, Partition[]>();
  for (const partition of partitions) {
    const key = `${partition.parent} ${partition.bound}`;
    series.set(key, [...(series.get(key) ?? []), partition]);
  }
  return series;
}

/** The parts that most of them have. */
function modelOf(alike: readonly Partition[]): readonly CatalogueObject[] {
  const counts = new Map<string, { readonly part: CatalogueObject; count: number }>();
  for (const part of alike.flatMap(({ parts }) => parts)) {
    const key = JSON.stringify([part.kind, part.identity, part.definition]);
    const entry = counts.get(key) ?? { part, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  }
  return [...counts.values()]
    .filter(({ count }) => count * 2 > alike.length)
    .map(({ part }) => part)
    .toSorted(byKindAndIdentity);
}

/** "trigger audit_logs_no_truncate" → `partition`, `public.audit_logs_y2026m11: trigger audit_logs_no_truncate` */
function compareWith(model: readonly CatalogueObject[], partition: Partition, told: ReadonlySet<string>): Difference[] {
  const differences = compareObjects(model, partition.parts);
  return differences
    .filter(
      ({ change, kind, identity }) =>
        !told.has(keyOf({ change, kind, identity: identityIn(partition.parent, kind, identity) })),
    )
    .map((difference) => {
      const part = difference.kind === 'table' ? 'settings' : `${difference.kind} ${difference.identity}`;
      return { ...difference, kind: 'partition', identity: `${partition.identity}: ${part}` };
    });
}

function keyOf({ change, kind, identity }: Pick<Difference, 'change' | 'kind' | 'identity'>): string {
  return `${change} ${kind} ${identity}`;
}

const BOUNDS: Readonly<Record<Partition['bound'], string>> = {
  range: 'for values from … to …',
  'from MINVALUE': 'for values from (minvalue) to …',
  'to MAXVALUE': 'for values from … to (maxvalue)',
  default: 'default',
  list: 'for values in …',
  hash: 'for values with …',
};

function shapeDifference(change: 'missing' | 'unexpected', { identity, parent, bound }: Partition): Difference {
  const definition = `partition of ${parent} ${BOUNDS[bound]}`;
  return change === 'missing'
    ? { change, kind: 'partition', identity, expected: definition }
    : { change, kind: 'partition', identity, actual: definition };
}
