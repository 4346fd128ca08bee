import type { Sql } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import { findIndex } from '../indexes.ts';
import type { Run } from './run.ts';
import type { IndexName, StatementKind } from './statement-kind.ts';
import { dropIndexConcurrently } from '../indexes.ts';

/** Whether a statement that was cut off had its effect, as far as the catalogue can tell; false means: run it again. */
export async function tookEffect(sql: Sql, kind: StatementKind): Promise<boolean> {
  if (kind.kind !== 'create index concurrently' && kind.kind !== 'drop index concurrently') return false;
  if (kind.index === undefined) return false;
  const found = await findIndex(sql, kind.index);
  return kind.kind === 'create index concurrently' ? found?.valid === true : found === undefined;
}

/** Drops what a failed build of the same name left: it would make IF NOT EXISTS skip, or the build fail, for ever. */
export async function removeInvalid(
  { session }: Pick<Run, 'session'>,
  index: IndexName,
): Promise<{ removed?: string; error?: unknown }> {
  const found = await findIndex(session.sql, index);
  if (found === undefined || found.valid) return {};
  const name = `${found.schema}.${found.name}`;
  if (found.builtBy !== null) {
    const error = new OrdersyncError('precondition', `index ${name} is being built by pid ${found.builtBy}`, {
      hint: 'wait until it has ended',
    });
    return { error };
  }
  try {
    await dropIndexConcurrently(session, found);
    return { removed: name };
  } catch (error) {
    return { error };
  }
}

/** CREATE INDEX CONCURRENTLY IF NOT EXISTS reports success over an INVALID index; only the catalogue tells. */
export async function checkBuilt(
  sql: Sql,
  index: IndexName | undefined,
): Promise<{ readonly error: unknown } | undefined> {
  if (index === undefined) return undefined;
  const found = await findIndex(sql, index);
  if (found?.valid === true) return undefined;
  const state = found === undefined ? 'does not exist' : 'is INVALID';
  return {
    error: new OrdersyncError('precondition', `index ${index.name} ${state} after its build`, {
      hint: 'run again: the index will be built anew',
    }),
  };
}
