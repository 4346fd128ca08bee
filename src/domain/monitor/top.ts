import type { Clock } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import type { ReportFile } from '../reports/report-file.ts';
import type { SectionResult } from '../reports/run.ts';
import { runSection, takeSnapshot } from '../reports/run.ts';
import type { HeaderRow } from './top-queries.ts';
import { readHeader } from './top-queries.ts';

export interface TopLook {
  readonly at: Date;
  readonly header: HeaderRow;
  /** Per second, since the look before; undefined at the first one. */
  readonly rates:
    | { readonly transactions: number; readonly walBytes: number; readonly hitRatio: number | undefined }
    | undefined;
  readonly section: SectionResult;
}

export interface Top {
  /** One look: the head and one report. Counters of the report are those since the look before it. */
  look(session: Session, file: ReportFile, values: Readonly<Record<string, unknown>>): Promise<TopLook>;
}

const STATEMENT_TIMEOUT_MS = 5000;

export function createTop(clock: Pick<Clock, 'now' | 'monotonicMs'>): Top {
  let before: { readonly header: HeaderRow; readonly atMs: number } | undefined;
  const baselines = new Map<string, string>();
  return {
    look: async (session, file, values) => {
      const header = await readHeader(session);
      if (header === undefined) throw new TypeError('the server does not list the database of this session');
      const atMs = clock.monotonicMs();
      const rates = before === undefined ? undefined : ratesOf(before.header, header, (atMs - before.atMs) / 1000);
      before = { header, atMs };
      const baseline = baselines.get(file.path);
      const request = { values, statementTimeoutMs: STATEMENT_TIMEOUT_MS };
      const section = await runSection({ session, clock }, file, {
        ...request,
        ...(baseline === undefined ? {} : { baseline }),
      });
      const snapshot = await takeSnapshot(session, file, request);
      if (snapshot !== undefined) baselines.set(file.path, snapshot);
      return { at: clock.now(), header, rates, section };
    },
  };
}

function ratesOf(before: HeaderRow, now: HeaderRow, seconds: number): TopLook['rates'] {
  const grown = (name: 'transactions' | 'hits' | 'reads' | 'wal') =>
    Math.max(0, Number(now[name]) - Number(before[name]));
  const touches = grown('hits') + grown('reads');
  return {
    transactions: grown('transactions') / seconds,
    walBytes: grown('wal') / seconds,
    hitRatio: touches === 0 ? undefined : grown('hits') / touches,
  };
}
