import type { Catalogue, CatalogueObject, Partition } from './model.ts';
import type { Difference } from './object-diff.ts';
import { compareObjects } from './object-diff.ts';
import { byKindAndIdentity } from './order.ts';

/**
 * Compares each partition with what a partition of its parent and bound shape has in the expected database. A shape that
 * the expected database does not have (nobody made a partition there) is taken from the majority of the live ones, so
 * that at least the odd one out is found.
 */
export function comparePartitions(expected: Catalogue, actual: Catalogue): Difference[] {
  return actual.partitions.flatMap((partition) => {
    const model = modelFor(partition, expected.partitions) ?? modelFor(partition, actual.partitions) ?? [];
    return compareObjects(model, partition.parts).map((difference) => named(difference, partition));
  });
}

/** The parts that most partitions of this parent and shape have. */
function modelFor(
  { parent, bound }: Partition,
  candidates: readonly Partition[],
): readonly CatalogueObject[] | undefined {
  const alike = candidates.filter((candidate) => candidate.parent === parent && candidate.bound === bound);
  if (alike.length === 0) return undefined;
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
function named(difference: Difference, partition: Partition): Difference {
  const part = difference.kind === 'table' ? 'settings' : `${difference.kind} ${difference.identity}`;
  return { ...difference, kind: 'partition', identity: `${partition.identity}: ${part}` };
}
