import { describeServerError } from '../../../db/server-error.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Job } from '../job.ts';

/**
 * What a job's statement ended with, in words. A message that may quote a row stays in the server; those of the schema's own
 * functions, which come with a hint, and those that name objects of the catalogue do not quote any.
 */
export function jobFailure({ name, command }: Job, error: unknown): unknown {
  const sqlstate = sqlstateOf(error);
  if (error instanceof OrdersyncError || sqlstate === undefined) return error;
  const { message, hint } = error as Error & { readonly hint?: unknown };
  const known = describeServerError(error);
  if (sqlstate === SQLSTATE.insufficientPrivilege && known !== undefined) {
    return new OrdersyncError(known.code, `${name}: ${known.message}`, { ...known.details, cause: error });
  }
  const details = { sqlstate, cause: error };
  if (typeof hint === 'string')
    return new OrdersyncError('precondition', `${name} failed: ${message}`, { ...details, hint });
  if (sqlstate.startsWith('42')) {
    return new OrdersyncError('precondition', `${name} failed: ${message}`, {
      ...details,
      hint: `its statement: ${command}`,
    });
  }
  if (known !== undefined) return known;
  return new OrdersyncError('precondition', `${name} failed with SQLSTATE ${sqlstate}`, {
    ...details,
    hint: `the server's log has the message; by hand: ${command}`,
  });
}
