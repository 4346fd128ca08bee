import { OrdersyncError } from '../../../errors.ts';
import type { Source } from './queries.ts';

/** @throws OrdersyncError `precondition` naming every reason why the table cannot become a partition as it is */
export function refuseUnconvertible(source: Source, names: { readonly taken: readonly string[] }): void {
  const reasons = [
    ...shapeReasons(source),
    ...relationReasons(source),
    ...names.taken.map((name) => `${name} exists already`),
  ];
  if (reasons.length === 0) return;
  const referenced = source.referencedBy.length > 0;
  throw new OrdersyncError('precondition', `${source.name} cannot be converted`, {
    body: reasons,
    hint: referenced
      ? 'a table that others refer to needs months by UUIDv7 ids: see docs/partitions.md, "Tables with random ids"'
      : 'change what is named, then run the command again',
  });
}

function shapeReasons(source: Source): string[] {
  const reasons: string[] = [];
  if (source.kind !== 'r' || source.persistence !== 'p') reasons.push('it is not an ordinary table');
  if (source.timeType !== 'timestamp with time zone') {
    reasons.push(`it has no column created_at of type timestamptz (${source.timeType ?? 'there is none'})`);
  }
  if (source.identity.length > 0) reasons.push(`${source.identity.join(', ')} is an identity column`);
  const unvalidated = [...source.checks, ...source.foreignKeys].filter(({ definition }) =>
    definition.endsWith('NOT VALID'),
  );
  reasons.push(
    ...unvalidated
      .filter(({ name }) => !name.startsWith('ck_convert_'))
      .map(({ name }) => `the constraint ${name} is not validated`),
  );
  const unique = source.indexes.filter((index) => index.unique && !/\bcreated_at\b/.test(index.definition));
  reasons.push(
    ...unique.map(({ name }) => `the unique index ${name} lacks created_at, which a partitioned table's must have`),
  );
  return reasons;
}

function relationReasons(source: Source): string[] {
  const { referencedBy, dependents, publications, inherits } = source;
  return [
    ...(referencedBy.length > 0 ? [`foreign keys of ${referencedBy.join(', ')} lead to it`] : []),
    ...dependents.map((dependent) => `${dependent} depends on it and would go on reading the old table`),
    ...(publications.length > 0 ? [`it is in the publication ${publications.join(', ')}`] : []),
    ...(inherits ? ['it inherits from a table, or one from it'] : []),
  ];
}
