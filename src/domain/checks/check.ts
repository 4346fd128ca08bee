import type { Clock } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import type { KeyStore } from '../../keystore/keystore.ts';

/** Worst first. */
export const SEVERITIES = ['critical', 'warning', 'unknown', 'skipped', 'ok'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const PROFILES = ['pre-deploy', 'oncall', 'daily'] as const;
export type Profile = (typeof PROFILES)[number];

/** What to do about a finding: statements for psql, a command line, or a sentence. */
export interface Fix {
  readonly kind: 'sql' | 'command' | 'doc';
  readonly text: string;
}

/** One thing that a check saw. */
export interface Sighting {
  readonly severity: Exclude<Severity, 'skipped'>;
  /** Names the object and the figure; never anything of a row's content. */
  readonly evidence: string;
  readonly fix: Fix | undefined;
}

/** What has to be there, or be allowed, before a check can look. */
export interface Requirement {
  readonly kind: (typeof REQUIREMENT_KINDS)[number];
  readonly name: string;
}

export const REQUIREMENT_KINDS = [
  'rows', // a table, all of whose rows this role sees
  'partitions', // a table, all of whose rows this role also sees in each partition by itself
  'table', // a table that is there
  'view', // a view that this role may read
  'relation', // one that is there
  'function', // one that this role may call
  'role', // one whose rights this role has
  'member', // one that this role may SET ROLE to
  'schema', // one that is there
] as const;

/** What a check may use, and the limits it has to keep. */
export interface Look {
  readonly session: Session;
  readonly clock: Clock;
  readonly keys: () => Promise<KeyStore>;
  /** Aborts when the command is interrupted or the check's time is over. */
  readonly signal: AbortSignal;
  /** For its statements. */
  readonly limitMs: number;
  readonly options: CheckOptions;
  /** Reads something once for all checks of a run that ask for it under the same name. */
  readonly once: <Value>(name: string, read: () => Promise<Value>) => Promise<Value>;
}

export interface CheckOptions {
  /** Rows of each encrypted table that are looked at. */
  readonly sampleRows: number;
  /** Memory of the server's machine, for the settings that follow from it. */
  readonly ramBytes: number;
  readonly exporterUrl: string | undefined;
  readonly prometheusUrl: string | undefined;
  readonly grafanaUrl: string | undefined;
}

/** One question with an answer that can be checked. */
export interface Check {
  /** `area.name`: what --only, --skip and waivers go by. */
  readonly id: string;
  readonly title: string;
  /** The box of the specification's checklist, `postgresql.conf`, or `on-call`. */
  readonly box: string;
  readonly profiles: readonly Profile[];
  readonly expected: string;
  readonly why: string;
  readonly requires: readonly Requirement[];
  /** One sighting at least; what it throws becomes `unknown`. */
  readonly look: (look: Look) => Promise<readonly Sighting[]>;
}

/** A check's answer. */
export interface CheckResult {
  readonly check: Check;
  readonly severity: Severity;
  /** In a few words. */
  readonly observed: string;
  readonly sightings: readonly Sighting[];
  readonly evidence: readonly string[];
  readonly fixes: readonly Fix[];
  readonly durationMs: number;
}

export function ok(evidence: string): Sighting {
  return { severity: 'ok', evidence, fix: undefined };
}

export function worstOf(severities: readonly Severity[]): Severity {
  return SEVERITIES.find((severity) => severities.includes(severity)) ?? 'ok';
}
