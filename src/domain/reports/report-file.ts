import type { Requirement } from './requirement.ts';

/** One `.sql` file of sql/monitor or sql/security: a section of a command. The grammar is sql/README.md. */
export interface ReportFile {
  /** Path from the package's root: `sql/monitor/replication.slots.sql`. */
  readonly path: string;
  /** Folder below sql: `monitor`. */
  readonly noun: string;
  /** `replication` for replication.sql and replication.slots.sql. */
  readonly command: string;
  /** `slots` for replication.slots.sql, the command's own name for its first file. */
  readonly section: string;
  readonly summary: string;
  /** Above the section's table. */
  readonly title: string;
  readonly description: string | undefined;
  readonly examples: readonly string[];
  /** Runs only when the command's first section could not be looked at. */
  readonly fallback: boolean;
  /** What it means that there are no rows. */
  readonly empty: string | undefined;
  /** Where it has no meaning it is left out: a primary receives nothing. */
  readonly only: readonly Requirement[];
  /** What it cannot run without; looked at before it runs, so that nothing fails on the server. */
  readonly requires: readonly Requirement[];
  /** What it can run without, but then does not see everything. */
  readonly wants: readonly Want[];
  readonly params: readonly Param[];
  readonly columns: readonly ReportColumn[];
  readonly rules: readonly Rule[];
  /** How Prometheus sees the section; undefined: not at all. */
  readonly metrics: MetricsHeader | undefined;
  /** The first whose conditions hold is run. */
  readonly bodies: readonly Body[];
  /** Reads the counters as they are now, as one text, for the parameter `baseline`. */
  readonly snapshot: Body | undefined;
  /** Run on each server of --replica: what it counts of its own, as one text, for the parameter `replicas`. */
  readonly replica: Body | undefined;
  /** The whole file, for the place of an error. */
  readonly text: string;
}

export interface MetricsHeader {
  /** Between `ordersync_` and the name of a column. */
  readonly prefix: string;
  /** Columns that tell its rows apart. None: one row at most. */
  readonly labels: readonly string[];
}

export interface Want {
  readonly requirement: Requirement;
  /** What stays hidden without it. */
  readonly loss: string;
}

export const UNITS = ['ms', 'bytes', 'ratio'] as const;
export type Unit = (typeof UNITS)[number];

export interface Param {
  readonly name: string;
  /** As PostgreSQL spells it: `double precision`. */
  readonly type: string;
  readonly unit: Unit | undefined;
  readonly choices: readonly string[] | undefined;
  /** As it stands in the header; undefined: null is sent. */
  readonly default: string | undefined;
  readonly help: string;
}

/** The role names of postgres_exporter's custom queries. */
export const ROLES = ['label', 'gauge', 'counter'] as const;
export type ColumnRole = (typeof ROLES)[number];

export const FLAGS = ['sql', 'pii', 'wide'] as const;
/** sql: the text of a statement, whose literals are masked; pii: withheld unless asked for; wide: tables leave it out. */
export type ColumnFlag = (typeof FLAGS)[number];

export interface ReportColumn {
  readonly name: string;
  readonly type: string;
  readonly role: ColumnRole;
  readonly unit: Unit | undefined;
  readonly flags: readonly ColumnFlag[];
  readonly help: string | undefined;
}

export const VERDICTS = ['ok', 'unknown', 'warning', 'critical'] as const;
/** From best to worst. */
export type Verdict = (typeof VERDICTS)[number];

export interface Rule {
  readonly verdict: Exclude<Verdict, 'ok'>;
  /** All of them must hold. */
  readonly conditions: readonly Condition[];
  readonly reason: string;
  readonly fix: string | undefined;
}

export interface Condition {
  readonly column: string;
  readonly operator: '<' | '<=' | '>' | '>=' | '=' | '<>';
  /** A number in the column's unit, a word, or a parameter's name. */
  readonly operand: { readonly value: number | string } | { readonly param: string };
}

export interface Body {
  readonly when: readonly Requirement[];
  readonly sql: string;
  /** Where `sql` begins in the file's text. */
  readonly offset: number;
}

/** Columns in which a body itself says what it thinks of a row. */
export const OWN_VERDICT = ['verdict', 'reason', 'fix'] as const;
