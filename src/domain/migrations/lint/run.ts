import { closest } from '../file/closest.ts';
import type { LintIgnore, Migration, MigrationScript } from '../file/migration.ts';
import type { LineColumn } from '../file/position.ts';
import { lineColumnOf } from '../file/position.ts';
import { TRACE_RULE_IDS } from '../trace/rules.ts';
import { alterations } from './alterations.ts';
import type { Finding, Hit, Rule, Severity } from './finding.ts';
import { isIgnored } from './ignored.ts';
import type { KnownSchema } from './known-schema.ts';
import { emptySchema, learn } from './known-schema.ts';
import { RULES } from './rules.ts';
import { readStatement } from './statement.ts';
import type { LintStatement } from './statement.ts';

export interface LintContext {
  readonly direction: 'up' | 'down';
  /** What the files before this one have made (`emptySchema()` for none); what this one makes is added. */
  readonly known: KnownSchema;
}

/**
 * Lints the files that would run, in their order. `applied` files are read only for what they tell about older tables;
 * builder migrations are passed over. Down files are judged as if everything pending had been applied.
 */
export function lintMigrations(request: {
  readonly applied: readonly Migration[];
  readonly pending: readonly Migration[];
}): readonly Finding[] {
  const known = emptySchema();
  for (const migration of request.applied) {
    if (migration.kind === 'sql') learnApplied(known, migration.up);
  }
  const pending = request.pending.flatMap((migration) => (migration.kind === 'sql' ? [migration] : []));
  const ups = pending.map(({ up }) => lintScript(up, { direction: 'up', known }));
  const downs = pending.map(({ down }) => (down === undefined ? [] : lintScript(down, { direction: 'down', known })));
  return ups.flatMap((findings, index) => [...findings, ...(downs[index] ?? [])]);
}

/** Findings of one script in the order of its text, without those that a suppression names. */
export function lintScript(script: MigrationScript, context: LintContext): readonly Finding[] {
  const statements = script.statements.map(readStatement);
  const rules = RULES.filter(({ upOnly }) => context.direction === 'up' || upOnly !== true);
  const findings: Finding[] = unknownRules(script);
  const { transaction } = script.directives;
  let locked: string | undefined;
  for (const [index, statement] of statements.entries()) {
    const scene = { known: context.known, transaction, locked, statements, index };
    for (const rule of rules) {
      for (const hit of rule.check(statement, scene)) {
        if (!isIgnored(script, statements, index, rule.id)) findings.push(findingOf(script, statement, rule, hit));
      }
    }
    learn(context.known, statement, false);
    locked = alterations(statement, context.known)[0]?.table.sql ?? locked;
  }
  return findings.toSorted((left, right) => left.offset - right.offset || rank(left.severity) - rank(right.severity));
}

function learnApplied(known: KnownSchema, script: MigrationScript): void {
  for (const statement of script.statements) learn(known, readStatement(statement), true);
}

function findingOf(script: MigrationScript, statement: LintStatement, rule: Rule, hit: Hit): Finding {
  return {
    rule: rule.id,
    severity: hit.severity ?? rule.severity,
    file: script.file,
    ...placeIn(statement, hit.at),
    offset: statement.start + hit.at,
    message: hit.message,
    why: rule.why,
    fix: hit.fix,
  };
}

/** Counted from the statement's own place: a file may have as many findings as statements. */
function placeIn(statement: LintStatement, offset: number): LineColumn {
  const { line, column } = lineColumnOf(statement.text, offset);
  return { line: statement.line + line - 1, column: line === 1 ? statement.column + column - 1 : column };
}

function rank(severity: Severity): number {
  return ['high', 'medium', 'low'].indexOf(severity);
}

/** A suppression of a rule that does not exist suppresses nothing, which its author has to know. */
function unknownRules(script: MigrationScript): Finding[] {
  const ids = [...RULES.map(({ id }) => id), ...TRACE_RULE_IDS];
  return script.directives.lintIgnores
    .filter(({ rule }) => !ids.includes(rule))
    .map((ignore) => ({
      rule: 'unknown-rule',
      severity: 'high',
      file: script.file,
      ...lineColumnOf(script.text, ignore.offset),
      offset: ignore.offset,
      message: `no rule is called ${ignore.rule}`,
      why: 'the suppression does nothing',
      fix: fixOf(ignore, ids),
    }));
}

function fixOf({ rule, reason }: LintIgnore, ids: readonly string[]): string {
  const meant = closest(rule, ids);
  return meant === undefined ? '-- remove the comment' : `-- ordersync: lint-ignore=${meant} reason: ${reason}`;
}
