import type { CatalogueObject } from './model.ts';
import type { ObjectRow, RelationRow } from './queries.ts';

const TIME = /'\d{4,}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?)?)?'/g;
const UUID = /'[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}'/g;

/**
 * A row of a partition with everything that follows from its month taken out; undefined for what is not compared:
 * comments, which a partition made by LIKE copies and one made by PARTITION OF does not.
 */
export function partitionPart(row: ObjectRow, partition: RelationRow): CatalogueObject | undefined {
  if (row.kind === 'comment') return undefined;
  const definition = row.kind === 'constraint' ? withoutBounds(row.definition) : row.definition;
  return {
    kind: row.kind,
    identity: nameWithoutMonth(row, partition, definition),
    definition: definition.replaceAll(partition.name, '<partition>'),
  };
}

function withoutBounds(definition: string): string {
  return definition.replaceAll(TIME, "'<time>'").replaceAll(UUID, "'<uuid>'");
}

/**
 * What the partition shares with its parent bears the parent's name. The server names its other indexes and statistics
 * after the partition and cuts the name at 63 bytes, so these are known by what they are.
 */
function nameWithoutMonth(row: ObjectRow, partition: RelationRow, definition: string): string {
  const named = row.inherited === true || (row.kind !== 'index' && row.kind !== 'statistics');
  return named ? row.name.replaceAll(partition.bare_name, '<partition>') : definition;
}
