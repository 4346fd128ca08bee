import type { DiffLine } from './line-diff.ts';
import { diffLines } from './line-diff.ts';
import type { CatalogueObject } from './model.ts';
import { byKindAndIdentity } from './identity.ts';

/** One object in which a database differs from what it should be. */
export interface Difference {
  readonly change: 'missing' | 'unexpected' | 'different';
  readonly kind: string;
  readonly identity: string;
  /** Absent for what should not be there. */
  readonly expected?: string;
  /** Absent for what is missing. */
  readonly actual?: string;
  /** The changed lines of a definition of several lines, with a line of context. */
  readonly lines?: readonly DiffLine[];
}

/** Compares two lists by kind and identity; the result is in that order. */
export function compareObjects(expected: readonly CatalogueObject[], actual: readonly CatalogueObject[]): Difference[] {
  const wanted = keyed(expected);
  const found = keyed(actual);
  const differences: Difference[] = [];
  for (const [key, object] of wanted) {
    const other = found.get(key);
    if (other === undefined) {
      if (!isPartOf(object, wanted, found)) differences.push(missing(object));
    } else if (other.definition !== object.definition) differences.push(different(object, other));
  }
  for (const [key, object] of found) {
    if (!wanted.has(key) && !isPartOf(object, found, wanted)) differences.push(unexpected(object));
  }
  return differences.toSorted((left, right) => byKindAndIdentity(sortable(left), sortable(right)));
}

function keyed(objects: readonly CatalogueObject[]): Map<string, CatalogueObject> {
  return new Map(objects.map((object) => [`${object.kind} ${object.identity}`, object]));
}

/** True when its relation is only on this side: then the relation's own line tells it. */
function isPartOf(
  object: CatalogueObject,
  here: ReadonlyMap<string, CatalogueObject>,
  there: ReadonlyMap<string, CatalogueObject>,
): boolean {
  return object.relation !== undefined && here.has(object.relation) && !there.has(object.relation);
}

function missing({ kind, identity, definition }: CatalogueObject): Difference {
  return { change: 'missing', kind, identity, expected: definition };
}

function unexpected({ kind, identity, definition }: CatalogueObject): Difference {
  return { change: 'unexpected', kind, identity, actual: definition };
}

function different(expected: CatalogueObject, actual: CatalogueObject): Difference {
  const { kind, identity } = expected;
  const whole = {
    change: 'different' as const,
    kind,
    identity,
    expected: expected.definition,
    actual: actual.definition,
  };
  if (!`${expected.definition}${actual.definition}`.includes('\n')) return whole;
  return { ...whole, lines: nearChanges(diffLines(expected.definition, actual.definition)) };
}

function nearChanges(lines: readonly DiffLine[]): DiffLine[] {
  const changed = (index: number): boolean => (lines[index]?.sign ?? ' ') !== ' ';
  return lines.filter((_, index) => changed(index - 1) || changed(index) || changed(index + 1));
}

function sortable({ kind, identity }: Difference): CatalogueObject {
  return { kind, identity, definition: '' };
}
