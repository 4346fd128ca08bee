import type { Session } from '../../../db/session.ts';
import type { TextRow } from '../../../db/text.ts';
import { runPrepared, runText, simpleText } from '../../../db/text.ts';
import { setSessionSettings } from './row-session-queries.ts';
import type { RowWorkNeeds } from './types.ts';

/** A session that reads or writes rows under settings of its own. */
export interface RowSession {
  /** One statement, one transaction. It is sent at once; its answer may be awaited later. */
  run<Row extends TextRow>(text: string, parameters: readonly unknown[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** Every session of the row work, so that waiters on any of them can be found by application_name. */
const PURPOSE = 'rows';

const ALL: Readonly<Record<string, string>> = {
  // Where row security would hide a row the server refuses, instead of counting it as done.
  row_security: 'off',
  // Below deadlock_timeout (1 s by default): it is this program that gives way in a deadlock, never the application.
  lock_timeout: '500ms',
  statement_timeout: '30s',
  jit: 'off',
  // A generic plan knows neither how many rows a parameter holds nor which pages it names.
  plan_cache_mode: 'force_custom_plan',
};

/** The values join their rows by index, row by row. */
const WRITER = {
  ...ALL,
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_seqscan: 'off',
  enable_tidscan: 'off',
};

const SETTINGS = {
  reader: { ...ALL, enable_seqscan: 'off' },
  scanner: ALL,
  /**
   * What a crash forgets of asynchronous commits is pending again; the chunk that counts as done is committed synchronously,
   * and everything before it with it.
   */
  writer: { ...WRITER, synchronous_commit: 'off' },
  /** Flushes its own WAL, before it rests: what is left to others they would have to flush with their next commit. */
  gentleWriter: { ...WRITER, synchronous_commit: 'local' },
} as const;

/** Opens a session for one kind of work. Behind a transaction pooler its settings go with each transaction. */
export async function openRowSession(
  { openSession }: Pick<RowWorkNeeds, 'openSession'>,
  kind: keyof typeof SETTINGS,
): Promise<RowSession> {
  const session = await openSession({ purpose: PURPOSE });
  const settings = SETTINGS[kind];
  const close = async () => session.close();
  if (session.server.pooled)
    return { close, run: oneByOne((text, parameters) => runPooled(session, settings, text, parameters)) };
  try {
    await setSessionSettings(session.sql, settings, false);
  } catch (error) {
    await session.close();
    throw error;
  }
  return { close, run: (text, parameters) => runPrepared(session, text, parameters) };
}

/** The session that claims chunks, records what is done and watches the server. Its commits are durable by their own words. */
export async function openControlSession({ openSession }: Pick<RowWorkNeeds, 'openSession'>): Promise<Session> {
  return openSession({ purpose: PURPOSE });
}

/** What is between the BEGIN and the COMMIT of one statement must not be another one. */
function oneByOne(run: RowSession['run']): RowSession['run'] {
  let line: Promise<unknown> = Promise.resolve();
  return async <Row extends TextRow>(text: string, parameters: readonly unknown[]) => {
    const mine = line.then(async () => run<Row>(text, parameters));
    line = mine.catch(() => undefined);
    return mine;
  };
}

async function runPooled<Row extends TextRow>(
  session: Session,
  settings: Readonly<Record<string, string>>,
  text: string,
  parameters: readonly unknown[],
): Promise<readonly Row[]> {
  await simpleText(session, 'begin');
  try {
    await setSessionSettings(session.sql, settings, true);
    const rows = await runText<Row>(session, text, parameters);
    await simpleText(session, 'commit');
    return rows;
  } catch (error) {
    if (!session.lost) await simpleText(session, 'rollback');
    throw error;
  }
}
