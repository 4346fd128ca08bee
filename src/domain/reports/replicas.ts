import type { Context, Replica } from '../../context.ts';
import { redact } from '../../db/redact.ts';
import { describeServerError } from '../../db/server-error.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import type { Lack } from './probe.ts';
import { probe } from './probe.ts';
import type { IdentityRow } from './replica-queries.ts';
import { readIdentity } from './replica-queries.ts';
import type { Body, ReportFile } from './report-file.ts';
import type { SectionRequest } from './run.ts';
import { readCounters } from './run.ts';
import { readOnlyMode } from './session-settings.ts';

interface Request extends Omit<SectionRequest, 'replicas'> {
  readonly named: readonly Replica[];
}

/** What one named server said of itself, or why that does not count. */
type Look = { readonly server: string } & (
  | { readonly started: string; readonly counters: string }
  | { readonly lack: Lack }
);

/**
 * Asks every named standby for what it counts itself: statistics are not replicated. One that cannot be reached, or is no
 * standby of this system, hides none of the others. Undefined for a file that has no use for them.
 */
export async function lookAtReplicas(
  { session, signal }: Pick<Context, 'signal'> & { readonly session: Session },
  file: ReportFile,
  request: Request,
): Promise<SectionRequest['replicas']> {
  const { replica: body } = file;
  if (body === undefined) return undefined;
  const own = await identityOf(session, request.statementTimeoutMs);
  const looks = await Promise.all(
    request.named.map(async (replica): Promise<Look> =>
      'lack' in own
        ? { server: replica.address, lack: own.lack }
        : lookAt(replica, { session, signal, own: own.identity, file, body, request }),
    ),
  );
  signal.throwIfAborted();
  const distinct = looks.filter(
    (look, index) =>
      'lack' in look || looks.findIndex((other) => 'started' in other && other.started === look.started) === index,
  );
  return { text: JSON.stringify(distinct.map(entryOf)), lacks: distinct.flatMap(lackOf) };
}

interface Question {
  readonly session: Session;
  readonly signal: AbortSignal;
  readonly own: IdentityRow;
  readonly file: ReportFile;
  readonly body: Body;
  readonly request: Request;
}

async function lookAt(replica: Replica, question: Question): Promise<Look> {
  const { signal } = question;
  const { address: server } = replica;
  let session: Session | undefined;
  const cancel = (): void => void session?.cancel();
  signal.addEventListener('abort', cancel);
  try {
    session = await replica.open();
    return { server, ...(await countersOf(session, question)) };
  } catch (error) {
    signal.throwIfAborted();
    const described = describeServerError(error);
    if (described === undefined) throw error;
    return { server, lack: { reason: described.message, fix: described.details.hint ?? 'name one that answers' } };
  } finally {
    signal.removeEventListener('abort', cancel);
    await session?.close();
  }
}

async function countersOf(
  session: Session,
  { session: main, own, file, body, request }: Question,
): Promise<{ readonly started: string; readonly counters: string } | { readonly lack: Lack }> {
  const found = await identityOf(session, request.statementTimeoutMs);
  if ('lack' in found) return found;
  const { started } = found.identity;
  const reason = strangenessOf({ ...found.identity, server: session.server }, { ...own, server: main.server });
  if (reason !== undefined) return { lack: { reason, fix: 'name a standby of this server with --replica' } };
  const counters = await readCounters(session, file, body, request);
  return typeof counters === 'string' ? { started, counters } : { lack: counters };
}

type Known = IdentityRow & { readonly server: Session['server'] };

/** Why a server that answers is not the standby that was meant; undefined when it is one. */
function strangenessOf(found: Known, main: Known): string | undefined {
  if (found.system !== main.system) return 'it is no standby of this server: its system identifier is another';
  if (found.started === main.started) return 'it is the server that is looked at itself';
  if (!found.server.inRecovery) return 'it is no standby: it accepts writes of its own';
  if (found.server.database !== main.server.database) return 'the session is with another database of it';
  return undefined;
}

async function identityOf(
  session: Session,
  statementTimeoutMs: number,
): Promise<{ readonly identity: IdentityRow } | { readonly lack: Lack }> {
  const requirement = { kind: 'function', signature: 'pg_control_system()' } as const;
  return inTransaction(
    session,
    async () => {
      const lack = (await probe(session, [requirement])).lackOf(requirement);
      if (lack !== undefined) return { lack };
      const identity = await readIdentity(session.sql);
      if (identity === undefined) throw new OrdersyncError('precondition', 'the server does not tell its system');
      return { identity };
    },
    readOnlyMode(statementTimeoutMs),
  );
}

/** As the parameter `replicas` has it. */
function entryOf(look: Look): Readonly<Record<string, unknown>> {
  const [lack] = lackOf(look);
  return 'lack' in look
    ? { server: look.server, problem: lack?.reason, fix: lack?.fix }
    : { server: look.server, counters: look.counters };
}

/** Its words become part of a result: they pass by the same mask as every error does. */
function lackOf(look: Look): Lack[] {
  if (!('lack' in look)) return [];
  return [{ reason: redact(`standby ${look.server}: ${look.lack.reason}`), fix: redact(look.lack.fix) }];
}
