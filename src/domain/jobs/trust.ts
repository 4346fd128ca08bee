import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import { readOwner } from './queries.ts';

/**
 * The statements of scheduled_jobs run with the rights of whoever calls, so it matters who decides what they are.
 * @returns what else a person should know about who has a say in it
 * @throws OrdersyncError `permission` for a superuser who would run an ordinary role's statements, `precondition` when other
 *   roles may write them
 */
export async function requireTrust({ sql, server }: Session): Promise<readonly string[]> {
  const { owner, ownerIsSuperuser, writers, creators } = await readOwner(sql);
  if (server.superuser && !ownerIsSuperuser) {
    throw new OrdersyncError('permission', `a superuser does not run the jobs of ${owner}`, {
      hint: `they would run with all your rights, and ${owner} decides what they do: connect as ${owner}`,
    });
  }
  if (writers.length > 0) {
    throw new OrdersyncError('precondition', `${writers.join(', ')} may change what the jobs do, with your rights`, {
      hint: `revoke insert, update on scheduled_jobs from ${writers.join(', ')}, and look through the statements`,
    });
  }
  return creators.length === 0 ? [] : [creatorsWarning(creators)];
}

function creatorsWarning(creators: readonly string[]): string {
  return (
    `${creators.join(', ')} may create functions in the schema of the jobs, and have one called instead of another: ` +
    'revoke create on schema public from them'
  );
}
