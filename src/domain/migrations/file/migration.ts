import type { Statement } from './split.ts';

/** One version of the schema as its files describe it. */
export type Migration = SqlMigration | BuilderMigration;

interface MigrationIdentity {
  /** As written in the file name, "001" or "1.0.0"; at most 20 characters. Compare with `compareVersions`, never as text. */
  readonly version: string;
  /** The rest of the name with spaces for underscores, NFC. */
  readonly description: string;
  /** Absolute path on disk (byte for byte, so possibly NFD). */
  readonly upFile: string;
  /** SHA-256 in hex, see checksum.ts. */
  readonly checksum: string;
}

/** `NNN_name.up.sql`, with or without its `NNN_name.down.sql`. */
export interface SqlMigration extends MigrationIdentity {
  readonly kind: 'sql';
  readonly downFile?: string;
  readonly up: MigrationScript;
  readonly down?: MigrationScript;
}

/** `NNN_name.ts`, `.mts`, `.js` or `.mjs`: known by its bytes only; it is loaded when it has to run. */
export interface BuilderMigration extends MigrationIdentity {
  readonly kind: 'builder';
}

export interface MigrationScript {
  /** Base name, NFC: what messages show. */
  readonly file: string;
  /** Normalised text (no BOM, LF); every offset refers to it, and it is what runs. */
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly directives: Directives;
}

/** What the comments `-- ordersync: …` of a file ask for. */
export interface Directives {
  /** False under `no-transaction`. */
  readonly transaction: boolean;
  readonly allowEmpty: boolean;
  readonly lockTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
  readonly lintIgnores: readonly LintIgnore[];
}

export interface LintIgnore {
  readonly rule: string;
  readonly reason: string;
  /** Offset of the comment. In the leading block it holds for the whole file, elsewhere for the statement it stands before or in. */
  readonly offset: number;
  readonly wholeFile: boolean;
}
