import type { Session } from '../../../db/session.ts';
import type { Catalogue, CatalogueObject, Partition } from './model.ts';
import { byKindAndIdentity, compareText, identityIn } from './identity.ts';
import { partitionPart } from './partition-part.ts';
import type { ObjectRow, RelationRow, Rows } from './queries.ts';
import { readRows } from './queries.ts';

/** The runner's own tables: they record what is applied, and are not what is applied. */
const NOT_COMPARED = new Set(['public.schema_migrations', 'public.schema_migration_journal']);

/**
 * Reads the schema of the session's database. Left out: members of extensions, temporary objects, the runner's tables,
 * NOT NULL constraints (the column says it), column order, and everything of a partition except its `Partition`. Not
 * covered: operators, casts, foreign servers, publications and subscriptions, rights on the database itself.
 */
export async function readCatalogue(session: Session): Promise<Catalogue> {
  const rows = await readRows(session);
  const scope = scopeOf(rows.relations);
  const principal = commonOwner(rows);
  const objects = new Map<string, CatalogueObject>();
  const partitions = new Map<string, RelationRow>();
  for (const row of scope.values()) {
    if (row.is_partition) partitions.set(row.relation, row);
    else objects.set(row.relation, withOwner(relationObject(row), row.owner, principal));
  }
  const parts = new Map<string, CatalogueObject[]>();
  const others: CatalogueObject[] = [];
  for (const row of rows.objects) {
    if (row.relation === null) others.push(withOwner(freeObject(row), row.owner, principal));
    else if (isBody(row)) extend(objects, row);
    else if (objects.has(row.relation)) others.push(relationPart(row, objects.get(row.relation)));
    else if (partitions.has(row.relation)) append(parts, row.relation, row, partitions.get(row.relation));
  }
  return {
    objects: [...objects.values(), ...others].toSorted(byKindAndIdentity),
    partitions: [...partitions.values()]
      .map((row) => partitionOf(row, parts.get(row.relation) ?? [], principal))
      .toSorted((left, right) => compareText(left.identity, right.identity)),
  };
}

function scopeOf(relations: readonly RelationRow[]): ReadonlyMap<string, RelationRow> {
  const tables = relations.filter((row) => row.owned_by === null && !NOT_COMPARED.has(row.name));
  const scope = new Map(tables.map((row) => [row.relation, row]));
  for (const row of relations) {
    // LIKE … INCLUDING ALL gives every partition an identity sequence of its own: partitions stay out by name.
    const table = row.owned_by === null ? undefined : scope.get(row.owned_by);
    if (table !== undefined && !table.is_partition) scope.set(row.relation, row);
  }
  return scope;
}

/**
 * Databases of one schema have different owners. The most common one is the owner, and only an object that belongs to
 * somebody else says so.
 */
function commonOwner({ relations, objects }: Rows): string {
  const counts = new Map<string, number>();
  for (const { owner } of [...relations, ...objects]) {
    if (owner != null) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return [...counts].toSorted((left, right) => right[1] - left[1] || compareText(left[0], right[0]))[0]?.[0] ?? '';
}

function withOwner(object: CatalogueObject, owner: string | null | undefined, principal: string): CatalogueObject {
  if (owner == null || owner === principal) return object;
  return { ...object, definition: `${object.definition}\nowned by ${owner}`.trimStart() };
}

const RELATION_KINDS = {
  r: 'table',
  p: 'table',
  f: 'table',
  v: 'view',
  m: 'materialized view',
  S: 'sequence',
} as const;

function relationObject(row: RelationRow): CatalogueObject {
  return { kind: RELATION_KINDS[row.relkind], identity: row.name, definition: row.definition };
}

function freeObject(row: ObjectRow): CatalogueObject {
  return { kind: row.kind, identity: row.name, definition: row.definition };
}

/** The text of a view and the settings of a sequence belong to the line of the relation itself. */
function isBody(row: ObjectRow): boolean {
  return row.kind === 'view body' || row.kind === 'sequence settings';
}

function extend(objects: Map<string, CatalogueObject>, row: ObjectRow): void {
  const object = objects.get(row.relation ?? '');
  if (object === undefined) return;
  objects.set(row.relation ?? '', { ...object, definition: `${object.definition}\n${row.definition}` });
}

function relationPart(row: ObjectRow, relation: CatalogueObject | undefined): CatalogueObject {
  const table = relation?.identity ?? '';
  return {
    kind: row.kind,
    identity: row.kind === 'comment' ? row.name : identityIn(table, row.kind, row.name),
    definition: row.definition,
    relation: `${relation?.kind ?? ''} ${table}`,
  };
}

function append(
  parts: Map<string, CatalogueObject[]>,
  relation: string,
  row: ObjectRow,
  partition: RelationRow | undefined,
): void {
  const part = partition === undefined ? undefined : partitionPart(row, partition);
  if (part !== undefined) parts.set(relation, [...(parts.get(relation) ?? []), part]);
}

function partitionOf(row: RelationRow, parts: readonly CatalogueObject[], principal: string): Partition {
  const self = withOwner({ kind: 'table', identity: '', definition: row.definition }, row.owner, principal);
  return {
    identity: row.name,
    parent: row.parents ?? '',
    bound: row.bound ?? 'range',
    parts: [self, ...parts].toSorted(byKindAndIdentity),
  };
}
