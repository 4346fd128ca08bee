import type { KnownSchema } from './known-schema.ts';
import type { LintStatement } from './statement.ts';

/** high: stops traffic, loses data or cannot work · medium: does so with bad luck or size · low: regretted later. */
export type Severity = 'high' | 'medium' | 'low';

/** One unsafe thing in a migration file. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly file: string;
  /** From 1; the column counts characters. */
  readonly line: number;
  readonly column: number;
  /** UTF-16 offset in the file's normalised text, for an excerpt. */
  readonly offset: number;
  readonly message: string;
  /** What happens on a live database. */
  readonly why: string;
  /** The safe form, as a migration file's text. */
  readonly fix: string;
}

/** A rule of the linter: what it looks at is one statement, and what the files before have made. */
export interface Rule {
  /** Kebab case; the word that a suppression names. */
  readonly id: string;
  readonly severity: Severity;
  readonly why: string;
  /** Not asked of down files, whose business is to take things away. */
  readonly upOnly?: boolean;
  check(statement: LintStatement, scene: Scene): readonly Hit[];
}

export interface Scene {
  /** What runs before this statement has created, and what is known of older tables. */
  readonly known: KnownSchema;
  /** One transaction for the file. */
  readonly transaction: boolean;
  /** The table in use that an earlier statement of the file has altered last, and so holds locked, as written there. */
  readonly locked: string | undefined;
  /** All statements of the file, and the place of this one in it. */
  readonly statements: readonly LintStatement[];
  readonly index: number;
}

/** Where a rule found something: `at` is an offset in the statement's text. */
export interface Hit {
  readonly at: number;
  readonly message: string;
  readonly fix: string;
  /** When it weighs less, or more, than the rule usually does. */
  readonly severity?: Severity;
}
