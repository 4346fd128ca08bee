import type { RunRow } from '../../domain/keys/rotate/run-queries.ts';
import type { RotationStatus } from '../../domain/keys/rotate/status.ts';
import type { Report, Row } from '../../output/report.ts';

/** How far each rotation got, table by table. */
export function statusReport({ runs, workers }: RotationStatus): Report {
  const names = workers.map(
    ({ pid, application, user, client }) =>
      `pid ${pid} (${[application, client === null ? user : `${user}@${client}`].filter(Boolean).join(', ')})`,
  );
  return {
    command: 'key rotate',
    columns: [
      { name: 'type' },
      { name: 'to' },
      { name: 'status', type: 'state' },
      { name: 'started_at', type: 'time' },
      { name: 'finished_at', type: 'time', wide: true },
      { name: 'table' },
      { name: 'chunks_done', type: 'integer' },
      { name: 'chunks', type: 'integer' },
      { name: 'rows', type: 'integer' },
      { name: 'values', type: 'integer' },
      { name: 'bad_values', type: 'integer' },
      { name: 'run', wide: true },
      { name: 'workers', wide: true },
    ],
    rows: runs.flatMap(({ run, tables }): Row[] => {
      const head = headOf(run, run.status === 'RUNNING' ? names : []);
      if (tables.length === 0) return [{ ...head, ...NO_TABLE }];
      return tables.map(({ table, chunksDone, chunks, rows, values, bad }) => ({
        ...head,
        table,
        chunks_done: chunksDone,
        chunks,
        rows,
        values,
        bad_values: bad,
      }));
    }),
    notes: [
      ...(runs.length === 0 ? ['no key was ever rotated'] : []),
      ...runs.flatMap(remainingOf),
      ...names.map((name) => `works on it: ${name}`),
    ],
  };
}

const NO_TABLE = { table: null, chunks_done: 0, chunks: 0, rows: 0, values: 0, bad_values: 0 };

function headOf({ id, keyType, toKeyId, status, startedAt, finishedAt }: RunRow, workers: readonly string[]): Row {
  return { type: keyType, to: toKeyId, status, started_at: startedAt, finished_at: finishedAt, run: id, workers };
}

function remainingOf({ run, tables }: RotationStatus['runs'][number]): string[] {
  if (run.status === 'FINISHED') return [];
  const again = `ordersync key rotate --type ${run.keyType} --resume`;
  if (run.status === 'ABORTED') return [`${run.toKeyId}: aborted; ${again} takes it up again`];
  const chunks = tables.reduce((sum, table) => sum + table.chunks, 0);
  const done = tables.reduce((sum, table) => sum + table.chunksDone, 0);
  const rest = chunks === done ? 'the grace period, the sweep and the proof' : `${chunks - done} of ${chunks} chunks`;
  return [`${run.toKeyId}: ${rest} remain; ${again} goes on from any machine`];
}

/** Runs that were aborted, or would be. */
export function abortReport(runs: readonly RunRow[], state: string): Report {
  return {
    command: 'key rotate',
    columns: [{ name: 'type' }, { name: 'to' }, { name: 'state', type: 'state' }, { name: 'run', wide: true }],
    rows: runs.map(({ keyType, toKeyId, id }) => ({ type: keyType, to: toKeyId, state, run: id })),
    notes:
      runs.length === 0
        ? ['no rotation is unfinished: nothing to abort']
        : runs.map(
            ({ keyType, toKeyId }) =>
              `${keyType}: ${toKeyId} stays active and older keys go on decrypting; ` +
              `ordersync key rotate --type ${keyType} --resume takes it up again`,
          ),
  };
}
