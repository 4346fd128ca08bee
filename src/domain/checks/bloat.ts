import { readReportFile } from '../reports/catalog.ts';
import type { SectionRow } from '../reports/run.ts';
import { runSection } from '../reports/run.ts';
import type { Check, Look, Sighting } from './check.ts';
import { ok } from './check.ts';

/** Below this size nobody gets up for it. */
const LEAST_BYTES = 100 * 1024 * 1024;
const SHARE = 0.5;

/** The estimate of `monitor bloat`. */
export const BLOAT_CHECK: Check = {
  id: 'ops.bloat',
  title: 'no large table is mostly dead space',
  box: 'on-call',
  profiles: ['oncall', 'daily'],
  expected: `by the planner's statistics less than ${100 * SHARE} % of every table of 100 MB and more is dead space`,
  why: 'dead space is read with the rows, takes their place in the cache, and is never given back by itself',
  requires: [],
  look,
};

async function look({ session, clock, limitMs }: Look): Promise<readonly Sighting[]> {
  const report = readReportFile('sql/monitor/bloat.sql');
  const { rows, looked, judgement } = await runSection({ session, clock }, report, {
    values: { min_size: LEAST_BYTES, limit: 1000, share: SHARE },
    statementTimeoutMs: limitMs,
  });
  if (!looked) {
    return [
      unknown(judgement?.reasons[0] ?? 'it could not be estimated', judgement?.fixes[0] ?? 'ordersync monitor bloat'),
    ];
  }
  const found = rows.map(sightingOf).filter(({ severity }) => severity !== 'ok');
  return found.length > 0 ? found : [ok(`${rows.length} tables of 100 MB and more`)];
}

function sightingOf({ values, judgement }: SectionRow): Sighting {
  const table = String(values['table']);
  if (judgement?.verdict === 'unknown') {
    return unknown(`${table}: ${judgement.reasons.join('; ')}`, judgement.fixes.join('; '));
  }
  const evidence = `${table}: ${Math.round(100 * Number(values['bloat_ratio']))} % of ${megabytes(values['size_bytes'])}`;
  if (judgement === undefined || judgement.verdict === 'ok') return ok(evidence);
  const text = `vacuum (full, analyze) ${table} -- locks the table while it is written anew; pg_repack does not`;
  return { severity: 'warning', evidence, fix: { kind: 'sql', text } };
}

function megabytes(bytes: unknown): string {
  return `${Math.round(Number(bytes) / 1024 / 1024)} MB`;
}

function unknown(evidence: string, text: string): Sighting {
  return { severity: 'unknown', evidence, fix: { kind: 'sql', text } };
}
