import type { Context } from '../context.ts';
import type { ServerFacts } from '../db/session.ts';
import { OrdersyncError } from '../errors.ts';
import type { Intent } from './command.ts';
import type { WriterValues } from './globals.ts';
import type { Io } from './io.ts';

/**
 * Asks for the database's name to be typed before anything destructive, and before any write in a protected environment.
 * `--confirm <database>` types it; `--yes` suffices outside protected environments only. Throws `not_confirmed`.
 */
export async function confirmIntent(
  io: Io,
  ctx: Context,
  intent: Intent,
  answers: Partial<WriterValues>,
): Promise<void> {
  const guarded = ctx.config.environment.protected;
  if (!guarded && (!intent.destructive || answers.yes)) return;
  const { server } = await ctx.db.session();
  if (answers.confirm === server.database) return;
  const refusal = {
    hint: `add --confirm ${server.database}${guarded ? '' : ', or --yes'} to confirm without a terminal`,
  };
  if (answers.confirm !== undefined) {
    throw new OrdersyncError(
      'not_confirmed',
      `--confirm names "${answers.confirm}", but this is the database "${server.database}"`,
      refusal,
    );
  }
  if (!io.stdin.isTTY || !io.stderr.isTTY) {
    const why = guarded
      ? `environment "${ctx.config.environment.name}" is protected`
      : 'there is no terminal to ask on';
    throw new OrdersyncError(
      'not_confirmed',
      `this would ${intent.action} in "${server.database}", and ${why}`,
      refusal,
    );
  }
  const { askForName } = await import('../output/prompt.ts');
  const answer = await askForName(
    { stdin: io.stdin, stderr: io.stderr },
    { message: questionOf(server, intent.action), expected: server.database, signal: ctx.signal },
  );
  ctx.signal.throwIfAborted();
  if (answer !== 'confirmed') throw new OrdersyncError('not_confirmed', 'not confirmed; nothing was changed');
}

/** What is to happen and where, for whoever is to type the name. @param action completes "this will …" */
export function questionOf({ database, address, inRecovery, user }: ServerFacts, action: string): string {
  const role = inRecovery ? 'standby' : 'primary';
  return `This will ${action} in ${database} at ${address} (${role}, as ${user}). Type the database name to go on:`;
}
