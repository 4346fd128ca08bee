import type { Catalogue } from './model.ts';
import type { Difference } from './object-diff.ts';
import { compareObjects } from './object-diff.ts';
import type { PartitionRules } from './partition-diff.ts';
import { comparePartitions } from './partition-diff.ts';

/**
 * What is missing, unexpected or different in `actual`, by object. Parts of a relation that is missing or unexpected as a
 * whole are not told one by one. Partitions are compared with the expected partitions of the same parent.
 */
export function diffCatalogues(
  expected: Catalogue,
  actual: Catalogue,
  rules: PartitionRules = { madeInOperation: true },
): Difference[] {
  return [...compareObjects(expected.objects, actual.objects), ...comparePartitions(expected, actual, rules)];
}
