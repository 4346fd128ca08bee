import type { Condition, Rule, Verdict } from './report-file.ts';
import { VERDICTS } from './report-file.ts';

export interface Judgement {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly fixes: readonly string[];
}

type Values = Readonly<Record<string, unknown>>;

/**
 * What the rules of a report, and the row's own columns verdict, reason and fix, say of a row: the worst of them. A value
 * that is null crosses no threshold. A rule that says unknown outranks thresholds: figures too small to judge by are that.
 */
export function judgeRow(rules: readonly Rule[], row: Values, params: Values): Judgement {
  const broken = rules.filter(({ conditions }) => conditions.every((condition) => holds(condition, row, params)));
  const blind = broken.filter(({ verdict }) => verdict === 'unknown');
  const judgements = (blind.length > 0 ? blind : broken).map(({ verdict, reason, fix }) => ({
    verdict,
    reasons: [reason],
    fixes: fix === undefined ? [] : [fix],
  }));
  return worst([ownJudgement(row), ...judgements]);
}

/** The worst verdict with the reasons and fixes of those that are as bad. */
export function worst(judgements: readonly Judgement[]): Judgement {
  const rank = Math.max(0, ...judgements.map(({ verdict }) => VERDICTS.indexOf(verdict)));
  const verdict = VERDICTS[rank] ?? 'ok';
  const decisive = judgements.filter((judgement) => judgement.verdict === verdict);
  return {
    verdict,
    reasons: unique(decisive.flatMap(({ reasons }) => reasons)),
    fixes: unique(decisive.flatMap(({ fixes }) => fixes)),
  };
}

function ownJudgement(row: Values): Judgement {
  const verdict = VERDICTS.find((known) => known === row['verdict']) ?? 'ok';
  return { verdict, reasons: textOf(row['reason']), fixes: textOf(row['fix']) };
}

function textOf(value: unknown): string[] {
  return typeof value === 'string' && value !== '' ? [value] : [];
}

function holds({ column, operator, operand }: Condition, row: Values, params: Values): boolean {
  const value = row[column];
  const limit = 'param' in operand ? params[operand.param] : operand.value;
  if (value === null || value === undefined || limit === null || limit === undefined) return false;
  const order =
    typeof limit === 'string' && Number.isNaN(Number(limit))
      ? compareText(value, limit)
      : Number(value) - Number(limit);
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '=':
      return order === 0;
    default:
      return order !== 0;
  }
}

function compareText(value: unknown, limit: string): number {
  return String(value) < limit ? -1 : Number(String(value) > limit);
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
