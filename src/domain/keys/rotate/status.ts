import type { Session } from '../../../db/session.ts';
import type { KeyType } from '../../encryption/registry.ts';
import { requireRunTables } from './plan.ts';
import type { RunRow, TableProgress } from './run-queries.ts';
import { readRuns, readTableProgress } from './run-queries.ts';
import type { Worker } from './status-queries.ts';
import { readWorkers } from './status-queries.ts';

export interface RotationStatus {
  /** Of each type the newest run, and those that were left unfinished. */
  readonly runs: readonly { readonly run: RunRow; readonly tables: readonly TableProgress[] }[];
  readonly workers: readonly Worker[];
}

/** How far rotations got and who works on them, from any terminal. Reads what they wrote down, and no table of data. */
export async function readRotationStatus(session: Session, types: readonly KeyType[]): Promise<RotationStatus> {
  const { sql } = session;
  await requireRunTables(sql);
  const runs = (await readRuns(sql)).filter(({ keyType }) => types.includes(keyType));
  const withTables: { run: RunRow; tables: TableProgress[] }[] = [];
  for (const run of runs) withTables.push({ run, tables: await readTableProgress(sql, run.id) });
  return { runs: withTables, workers: await readWorkers(sql) };
}
