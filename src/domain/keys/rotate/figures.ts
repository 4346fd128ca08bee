import type { ProgressEvent } from '../../../context.ts';
import type { RowWorkResult } from './types.ts';

/** What one process counts while it works, and how it tells. */
export interface Figures {
  rows: number;
  values: number;
  chunks: number;
  misses: number;
  retries: number;
  bad: number;
  /** Of the updates of the relations since the start, 0 to 1; undefined before the first. */
  heapOnly: number | undefined;
  /** Bytes per second that the whole server wrote lately. */
  walRate: number;
  lagMs: number | undefined;
  pause: string | undefined;
  readonly tables: Map<string, TableProgress>;
}

export interface TableProgress {
  /** Rows, as many as the pages that are done stand for. */
  done: number;
  readonly total: number | undefined;
  readonly rowsPerPage: number;
  /** Changed since it was last told. */
  news: boolean;
}

export function createFigures(bad: number): Figures {
  return {
    rows: 0,
    values: 0,
    chunks: 0,
    misses: 0,
    retries: 0,
    bad,
    heapOnly: undefined,
    walRate: 0,
    lagMs: 0,
    pause: undefined,
    tables: new Map(),
  };
}

/** One event for each table that something happened in since the last call. */
export function progressEvents(figures: Figures): ProgressEvent[] {
  const detail = describeFigures(figures);
  return [...figures.tables].flatMap(([label, table]) => {
    if (!table.news) return [];
    table.news = false;
    const { done, total } = table;
    return [
      {
        kind: 'progress',
        label,
        done: Math.round(done),
        unit: 'rows',
        detail,
        ...(total === undefined ? {} : { total }),
      },
    ] satisfies ProgressEvent[];
  });
}

export function resultOf(
  { rows, values, chunks, misses, retries }: Figures,
  rest: Pick<RowWorkResult, 'locked' | 'interrupted'>,
): RowWorkResult {
  return { rows, values, chunks, misses, retries, ...rest };
}

/** `HOT 84 %, WAL 12 MB/s, lag 0 s, misses 3, bad 0`, always in this order. */
function describeFigures({ heapOnly, walRate, lagMs, misses, bad, pause }: Figures): string {
  const parts = [
    `HOT ${heapOnly === undefined ? '?' : Math.round(heapOnly * 100)} %`,
    `WAL ${Math.round(walRate / 1e6)} MB/s`,
    `lag ${Math.round((lagMs ?? 0) / 1000)} s`,
    `misses ${misses}`,
    `bad ${bad}`,
  ];
  return [...parts, ...(pause === undefined ? [] : [`paused: ${pause}`])].join(', ');
}
