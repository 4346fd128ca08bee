/** One object of a database as comparable text: the same text means the same object, whatever its OID and age. */
export interface CatalogueObject {
  /** What it is called in SQL: table, column, constraint, index, function, grant … */
  readonly kind: string;
  /** Schema-qualified: `public.users`, `public.users.email`, `idx_users_status on public.users`. */
  readonly identity: string;
  readonly definition: string;
  /** Kind and identity of the relation it belongs to; when that is missing, the part is not told separately. */
  readonly relation?: string;
}

/** What bounds a partition has, without their values. */
export type BoundShape = 'range' | 'from MINVALUE' | 'to MAXVALUE' | 'default' | 'list' | 'hash';

/**
 * A partition, told by what it has rather than by name: months come and go, and all of one shape must be alike.
 * Names and values in `parts` that follow from the month are replaced by placeholders.
 */
export interface Partition {
  readonly identity: string;
  /** `public.orders` */
  readonly parent: string;
  readonly bound: BoundShape;
  readonly parts: readonly CatalogueObject[];
}

/** A database's schema. Objects and partitions are sorted, so equal schemas give equal values. */
export interface Catalogue {
  readonly objects: readonly CatalogueObject[];
  readonly partitions: readonly Partition[];
}
