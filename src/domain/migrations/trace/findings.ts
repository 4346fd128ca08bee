import type { MigrationScript } from '../file/migration.ts';
import { lineColumnOf } from '../file/position.ts';
import type { Finding, Severity } from '../lint/finding.ts';
import { isIgnored } from '../lint/ignored.ts';
import type { FileTrace } from './file.ts';
import type { Blocks, LockMode } from './locks.ts';
import { blocksOf, sqlNameOf } from './locks.ts';
import type { TableEffect } from './observe.ts';
import type { TableSize } from './queries.ts';
import type { TraceRuleId } from './rules.ts';
import { TRACE_RULES } from './rules.ts';

/** A finding of the trace, with what it means for this table of the configured database. */
export interface TraceFinding extends Finding {
  /** Undefined for a statement that failed. */
  readonly table?: string;
  /** The strongest lock the statement took on it; undefined when it held one as strong already. */
  readonly lock?: LockMode;
  readonly blocks?: Blocks;
  /** Estimates of the configured database, not of the scratch database. */
  readonly rows?: number;
  readonly bytes?: number | null;
}

/** From here on a scan or rewrite takes longer than anybody's patience: at 100 MB/s a tenth of a second. */
const LARGE_BYTES = 10 * 1024 * 1024;
const LARGE_ROWS = 100_000;

/** What a trace means where the tables have these sizes; what the file's suppressions name is left out. */
export function traceFindings(
  script: MigrationScript,
  trace: FileTrace,
  sizes: ReadonlyMap<string, TableSize>,
): TraceFinding[] {
  const held = new Map<string, LockMode>();
  const findings: TraceFinding[] = [];
  for (const { statement, effects } of trace.statements) {
    for (const effect of effects) {
      if (effect.lock !== undefined) held.set(effect.table, effect.lock);
      const rule = ruleFor(effect, script.statements[statement]?.text ?? '');
      if (rule === undefined || isIgnored(script, script.statements, statement, rule)) continue;
      const later = slowWorkAfter(trace, statement, effect);
      findings.push(findingOf({ script, statement, rule, effect, later, mode: held.get(effect.table) }, sizes));
    }
  }
  return trace.failure === undefined ? findings : [...findings, failureOf(script, trace.failure)];
}

/** TRUNCATE gives the table a new file without reading the old one. */
function ruleFor(effect: TableEffect, text: string): TraceRuleId | undefined {
  const truncates = /^truncate\b/i.test(text);
  if (effect.rewritten && !truncates) return 'trace-rewrite';
  if (effect.indexesRebuilt && !truncates) return 'trace-index-rebuild';
  if (effect.scanned && !truncates) return 'trace-scan';
  if (effect.lock === undefined) return undefined;
  const blocks = blocksOf(effect.lock);
  if (blocks === 'nothing') return undefined;
  return blocks === 'writes' ? 'trace-write-lock' : 'trace-access-exclusive';
}

interface Told {
  readonly script: MigrationScript;
  readonly statement: number;
  readonly rule: TraceRuleId;
  readonly effect: TableEffect;
  /** The lock held on the table when the statement ended. */
  readonly mode: LockMode | undefined;
  /** Number, from 1, of a later statement that works on all rows of some table while the lock is held. */
  readonly later: number | undefined;
}

function findingOf(told: Told, sizes: ReadonlyMap<string, TableSize>): TraceFinding {
  const { script, statement, rule, effect, mode } = told;
  const size = sizes.get(effect.table);
  const start = script.statements[statement]?.start ?? 0;
  return {
    ...ruleTexts(rule),
    severity: severityOf(told, size),
    file: script.file,
    ...lineColumnOf(script.text, start),
    offset: start,
    message: messageOf(told),
    table: effect.table,
    ...(effect.lock === undefined ? {} : { lock: effect.lock }),
    blocks: mode === undefined ? 'nothing' : blocksOf(mode),
    ...(size === undefined ? {} : { rows: size.rows, bytes: size.bytes }),
  };
}

const DOES: Readonly<Record<TraceRuleId, string>> = {
  'trace-failed': 'fails',
  'trace-rewrite': 'rewrites',
  'trace-index-rebuild': 'rebuilds indexes of',
  'trace-scan': 'reads all of',
  'trace-access-exclusive': 'locks',
  'trace-write-lock': 'locks',
};

function messageOf({ rule, effect, mode, later }: Told): string {
  const blocks = mode === undefined ? 'nothing' : blocksOf(mode);
  const lock = mode === undefined ? '' : ` under ${sqlNameOf(mode)}`;
  const waiting = blocks === 'nothing' ? '' : `: ${blocks} wait`;
  const longer = later === undefined || blocks === 'nothing' ? '' : `, also while statement ${later} works`;
  return `${DOES[rule]} ${effect.table}${lock}${waiting}${longer}`;
}

function severityOf({ rule, mode, later }: Told, size: TableSize | undefined): Severity {
  if (!isLarge(size)) return 'low';
  const blocks = mode === undefined ? 'nothing' : blocksOf(mode);
  const works = rule !== 'trace-access-exclusive' && rule !== 'trace-write-lock';
  if (blocks === 'nothing') return 'medium';
  if (works || later !== undefined) return 'high';
  return rule === 'trace-access-exclusive' ? 'medium' : 'low';
}

function isLarge(size: TableSize | undefined): boolean {
  return size !== undefined && (size.rows >= LARGE_ROWS || (size.bytes ?? 0) >= LARGE_BYTES);
}

/** Every lock stays until the transaction ends, and so do the waits, however long later statements take. */
function slowWorkAfter({ statements }: FileTrace, statement: number, { lock }: TableEffect): number | undefined {
  if (lock === undefined) return undefined;
  const later = statements.find(
    ({ statement: other, effects }) =>
      other > statement &&
      effects.some(({ rewritten, indexesRebuilt, scanned }) => rewritten || indexesRebuilt || scanned),
  );
  return later === undefined ? undefined : later.statement + 1;
}

function failureOf(script: MigrationScript, { offset, message }: NonNullable<FileTrace['failure']>): TraceFinding {
  return {
    ...ruleTexts('trace-failed'),
    severity: 'high',
    file: script.file,
    ...lineColumnOf(script.text, offset),
    offset,
    message,
  };
}

function ruleTexts(id: TraceRuleId): Pick<Finding, 'rule' | 'why' | 'fix'> {
  const rule = TRACE_RULES.find((candidate) => candidate.id === id);
  return { rule: id, why: rule?.why ?? '', fix: rule?.fix ?? '' };
}
