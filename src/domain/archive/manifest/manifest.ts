import type { ArchiveColumn, Leaf } from '../content/content.ts';

/** A file of an archive, as its writer counted it and as it was read back. */
export interface ArchiveFile {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
}

/** The rows of one table in an archive. */
export interface ArchivedSource {
  readonly table: string;
  readonly columns: readonly ArchiveColumn[];
  readonly timeColumn: string | null;
  readonly orderedBy: readonly string[];
  readonly rows: number;
  readonly minTime: string | null;
  readonly maxTime: string | null;
  readonly root: string;
  readonly leaves: readonly Leaf[];
  readonly keyIds: Readonly<Record<string, number>>;
  /** In the order of their rows; none without rows. */
  readonly files: readonly ArchiveFile[];
}

/** What a `rewrap` says of one source that it stands for. */
export interface SupersededSource {
  readonly table: string;
  /** Of all its columns, as the superseded manifest has it. */
  readonly root: string;
  /**
   * The columns that another key does not change, and the root of their rows, before and after. Null where nothing was
   * encrypted anew: then files and root are the same.
   */
  readonly unchanged: {
    readonly columns: readonly string[];
    readonly root: string;
    readonly leaves: readonly Leaf[];
  } | null;
}

/** The manifest that a `rewrap` stands for: the same rows, with values under other keys. */
export interface Superseded {
  readonly sequence: number;
  readonly digest: string;
  /** What those rows are, whatever the superseded manifest itself stood for. */
  readonly kind: 'month' | 'supplement';
  /** As many and in the same order as the manifest's own. */
  readonly sources: readonly SupersededSource[];
}

/** What is said and signed about one archive. Canonical JSON (RFC 8785) of it is what digests and signatures are about. */
export interface Manifest {
  readonly format: 'ordersync-archive/1';
  /** From 1, without gaps: one chain for each database. */
  readonly sequence: number;
  /**
   * `month`: all rows of a range. `supplement`: late rows of a range that was archived before. `rewrap`: the rows of an
   * earlier manifest in other files, with values encrypted anew.
   */
  readonly kind: 'month' | 'supplement' | 'rewrap';
  /** Of a `rewrap` alone. */
  readonly supersedes?: Superseded;
  /** The partitioned table, or `audit_logs_archive`. */
  readonly table: string;
  /** `2025-01` */
  readonly month: string;
  /** The range in UTC, `2025-01-01T00:00:00Z`; the upper bound is not part of it. */
  readonly lower: string;
  readonly upper: string;
  /** The table itself first, then its dependants in the order in which they leave. */
  readonly sources: readonly ArchivedSource[];
  /** Newest applied migration. */
  readonly schemaVersion: string;
  readonly database: { readonly systemIdentifier: string; readonly name: string };
  readonly tool: string;
  readonly createdAt: string;
  /** Digest of the manifest before this one; null for the first. */
  readonly previous: string | null;
}

/** A manifest as it lies in the store (`manifests/000000001.json`) and in the database. */
export interface SignedManifest {
  readonly manifest: Manifest;
  /** Lower-case hex of sha256 over the canonical JSON of the manifest. */
  readonly digest: string;
  readonly signature: { readonly algorithm: 'Ed25519'; readonly key: string; readonly value: string };
}
