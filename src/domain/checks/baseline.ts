import { readFile } from 'node:fs/promises';
import { OrdersyncError } from '../../errors.ts';
import type { CheckResult, Severity } from './check.ts';
import { SEVERITIES } from './check.ts';

/** How a result differs from an earlier report. */
export type Change = 'new' | 'fixed' | 'unchanged' | 'changed';

/** Severity of each check in an earlier report. */
export type Baseline = ReadonlyMap<string, Severity>;

/** @throws OrdersyncError `usage` for a file that is no report of `check --format json` */
export async function readBaseline(path: string): Promise<Baseline> {
  const rows = dataOf(await readReport(path));
  const entries = rows.flatMap((row): [string, Severity][] => {
    const { id, severity } = row as { readonly id?: unknown; readonly severity?: unknown };
    const known = SEVERITIES.find((word) => word === severity);
    return typeof id === 'string' && known !== undefined ? [[id, known]] : [];
  });
  if (entries.length === 0 || entries.length !== rows.length) throw noReport(path);
  return new Map(entries);

  function dataOf(report: unknown): readonly object[] {
    const { command, data } = (report ?? {}) as { readonly command?: unknown; readonly data?: unknown };
    if (command !== 'check' || !Array.isArray(data)) throw noReport(path);
    return data.filter((row): row is object => typeof row === 'object' && row !== null);
  }
}

export function changeOf({ check, severity }: CheckResult, baseline: Baseline): Change {
  const before = baseline.get(check.id);
  if (isBad(severity) && (before === undefined || !isBad(before))) return 'new';
  if (!isBad(severity) && before !== undefined && isBad(before)) return 'fixed';
  return before === severity ? 'unchanged' : 'changed';
}

function isBad(severity: Severity): boolean {
  return severity === 'critical' || severity === 'warning';
}

async function readReport(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OrdersyncError('usage', `--baseline: cannot read ${path}: ${code ?? 'unknown error'}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw noReport(path);
  }
}

function noReport(path: string): OrdersyncError {
  return new OrdersyncError('usage', `--baseline: ${path} is no report of this command`, {
    hint: 'make one with: ordersync check --format json > before.json',
  });
}
