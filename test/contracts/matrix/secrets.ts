import postgres from 'postgres';
import { waitFor } from '../../support/wait.ts';
import type { Place } from './place.ts';

/** What applications have in the texts of their statements, and nobody may read in a report. */
export const SECRETS = ['Geheim-Wort-4711', 'kim.minsu@geheim.example', '4929123456781234', '49291234567812'] as const;
const [PASSWORD, EMAIL, CARD, SHORT_CARD] = SECRETS;

/** Every form in which PostgreSQL takes a literal, and comments; each with a secret in it. */
const FORMS = [
  `'${PASSWORD}'`,
  `'it''s ${EMAIL}'`,
  String.raw`E'\'${PASSWORD}\\'`,
  `$$${EMAIL}$$`,
  `$body$${PASSWORD} $$ ${CARD}$body$`,
  String.raw`U&'\0041${PASSWORD}'`,
  `U&'!0041${EMAIL}' UESCAPE '!'`,
  `N'${CARD}'`,
  `X'${CARD}'`,
  `'split'\n'${PASSWORD}'`,
  `E'split'\n'\\'${EMAIL}'`,
  CARD,
  `-${CARD}`,
  `${SHORT_CARD}.5e0`,
  `'a'::text || '${CARD}'`,
  `timestamp '2000-01-01' + interval '${SHORT_CARD} microseconds'`,
];
const COMMENTS = [`/* ${PASSWORD} */`, `/* one /* ${EMAIL} */ ${CARD} */`, `-- ${PASSWORD} '\n`];

/** Names that a terminal must not obey, and that take two places a character. */
export const TABLE = '주문 내역';
const HOSTILE = `\u001b]0;owned\u0007\u001b[31m${TABLE}`;

const RECORDED = [
  ...FORMS.map((form) => `do $do$ begin perform ${form.replaceAll('$do$', '')}; end $do$`),
  ...COMMENTS.map((comment) => `select 1 as "주문" ${comment}`),
  `alter role passer_by password '${PASSWORD}'`,
  `set application.token = '${PASSWORD}'`,
  `set application.token to "${PASSWORD}"`,
  'set application.token to GeheimesWort',
  `copy (select '${EMAIL}') to stdout`,
  `declare planted cursor with hold for select '${CARD}'`,
  `prepare planted_statement(text) as select $1, '${EMAIL}'`,
  `execute planted_statement('${PASSWORD}')`,
  `explain select ${CARD}`,
  `notify planted, '${EMAIL}'`,
  `select ${FORMS.join(', ')}`,
];
/** Set as a bare word: no literal, and a secret all the same. */
export const BARE_WORD = /GeheimesWort/i;

export interface Planted {
  /** One that runs, one that waits, and those whose transaction is idle. */
  readonly pids: readonly number[];
  end(): Promise<void>;
}

/** Statements with secrets that run, wait, idle and are recorded, on a server that is ours alone. */
export async function plantSecrets(place: Place): Promise<Planted> {
  const { sql } = place;
  await sql.unsafe(`create table "${TABLE}" (id integer); create table "${HOSTILE}" (id integer)`);
  const recorder = connect(place, 'recorder');
  for (const statement of RECORDED) await recorder.unsafe(statement).simple();
  await recorder.end();
  const sessions: postgres.Sql[] = [];
  const pids: number[] = [];
  const failures: string[] = [];
  const open = async (statement: string, settings: Readonly<Record<string, string>> = {}): Promise<void> => {
    const session = connect(place, `planted ${pids.length}`, settings);
    sessions.push(session);
    const [row] = await session<{ pid: number }[]>`select pg_backend_pid() as pid`;
    pids.push(row!.pid);
    // Those that run and wait are ended from outside; nothing else may fail.
    session
      .unsafe(statement)
      .simple()
      .catch((error: Error) => failures.push(`${statement}: ${error.message}`));
  };
  for (const form of [...FORMS, ...COMMENTS.map((comment) => `1 ${comment}`)]) {
    await open(`begin; lock table "${TABLE}" in access share mode; select 1 as "주문 \u001b[31m", ${form}`);
  }
  // Cut in the middle of its literal: the server keeps 1,024 bytes.
  await open(`begin; select '${PASSWORD.repeat(200)}'`);
  // Cut at the backslash by who reads it otherwise than that session.
  await open(`begin; select 'a\\' ${PASSWORD}'`, { standard_conforming_strings: 'off' });
  await open(`select pg_sleep(6000), ${FORMS.join(', ')}`);
  await open(`do $do$ begin perform '${PASSWORD}'; lock table "${TABLE}"; perform ${CARD}; end $do$`);
  await waitFor(
    async () => {
      const [row] = await sql<{ ready: number }[]>`
      select count(*)::integer as ready from pg_stat_activity
       where pid = any (${pids}::integer[]) and (state = 'idle in transaction' or wait_event in ('PgSleep', 'relation'))`;
      return row?.ready === pids.length;
    },
    () => `every planted session to be where it should: ${failures.join('; ')}`,
  );
  return {
    pids,
    end: async () => {
      await sql`select pg_terminate_backend(pid) from unnest(${pids}::integer[]) as pid`;
      await Promise.all(sessions.map(async (session) => session.end({ timeout: 1 })));
    },
  };
}

function connect({ server }: Place, name: string, settings: Readonly<Record<string, string>> = {}): postgres.Sql {
  return postgres(server.urlFor('shop'), {
    max: 1,
    onnotice: () => undefined,
    onclose: () => undefined,
    connection: { application_name: name, ...settings },
  });
}
