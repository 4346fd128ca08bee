/** A column as it is archived, in the order of the archive. */
export interface ArchiveColumn {
  readonly name: string;
  /** format_type() of PostgreSQL: `timestamp with time zone`, `character varying(100)`. */
  readonly type: string;
  /** Of the type itself, which record_send() writes before each value; core types have the same oid in every database. */
  readonly oid: number;
  readonly nullable: boolean;
}

/** The rows of one table that make up one part of an archive, as a query of the database. */
export interface ArchiveSource {
  /** The logical table, `audit_logs` or `order_items`; names its place in the registry of encrypted pairs. */
  readonly table: string;
  readonly columns: readonly ArchiveColumn[];
  /** The column whose UTC hour a row belongs to; undefined when there is none, and all rows are one leaf. */
  readonly timeColumn: string | undefined;
  /** Total order of the rows: `['created_at', 'id']`. */
  readonly orderedBy: readonly string[];
  /** `from …` and what follows, of trusted text made of quoted identifiers and literals; its rows are called `source`. */
  readonly from: string;
}

/** The rows of one hour. */
export interface Leaf {
  /** Start of the hour, `2025-01-31T23:00:00Z`; null for the one leaf of a source without time. */
  readonly hour: string | null;
  readonly rows: number;
  /** Lower-case hex of sha256 over the rows' own sha256 digests in order, 32 bytes each. */
  readonly sha256: string;
}

/** What rows say, whatever holds them. Two are equal when their roots are. */
export interface Content {
  readonly rows: number;
  /** ISO 8601 in UTC with microseconds; null without rows or time column. */
  readonly minTime: string | null;
  readonly maxTime: string | null;
  readonly leaves: readonly Leaf[];
  /** Lower-case hex of sha256 over the leaves' digests in order; of nothing when there are no rows. */
  readonly root: string;
  /** Values by the key they are encrypted with: the kid of `os1_` values. */
  readonly keyIds: Readonly<Record<string, number>>;
}
