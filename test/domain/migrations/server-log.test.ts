import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { markServerLog, readServerLog } from '../../support/server-log.ts';
import type { Files } from './runner.ts';
import { emptyDatabase, refusalOf, up } from './runner.ts';

const A = { '001_a.up.sql': 'create table a (id int primary key);' };
const MORE = 'create table c (id int);\ncreate table d (id int);\n';
const FILES: Readonly<
  Record<string, { readonly files: Files; readonly singleTransaction: boolean; readonly aborts: boolean }>
> = {
  'a transaction for each file': {
    files: { ...A, '002_b.up.sql': `alter table a add column b int;\n${MORE}` },
    singleTransaction: false,
    aborts: true,
  },
  'one transaction for all files': {
    files: { ...A, '002_b.up.sql': `alter table a add column b int;\n${MORE}`, '003_e.up.sql': 'create table e ();' },
    singleTransaction: true,
    aborts: true,
  },
  'statement by statement': {
    files: { ...A, '002_b.up.sql': `-- ordersync: no-transaction\nalter table a add column b int;\n${MORE}` },
    singleTransaction: false,
    aborts: false,
  },
};

const LOCK_TIMEOUT = 'canceling statement due to lock timeout';
/** What an aborted transaction answers whatever it is sent: the first attempt is sent ahead of its answers. */
const ABORTED = 'current transaction is aborted, commands ignored until end of transaction block';

test.for(Object.entries(FILES))(
  'each later attempt that is not granted its lock is one error in the log of the server: %s',
  async ([, { files, singleTransaction, aborts }]) => {
    const database = await emptyDatabase();
    await up(database, A);
    const mark = await markServerLog();
    const holder = postgres(database.url, { max: 1 });
    onTestFinished(async () => holder.end());
    await holder.begin(async (transaction) => {
      await transaction`select from a`;
      const error = await refusalOf(up(database, files, { lockTimeoutMs: 100, retries: 2, singleTransaction }));
      expect(error.details).toMatchObject({ sqlstate: '55P03' });
    });
    const entries = await readServerLog(mark, { database: database.name });
    const errors = entries.flatMap((entry) => / (?:ERROR|WARNING): {2}(.*)/.exec(entry)?.[1] ?? []);
    const later = errors.slice(errors.indexOf(LOCK_TIMEOUT, 1));
    expect(later).toEqual([LOCK_TIMEOUT, LOCK_TIMEOUT]);
    expect(new Set(errors)).toEqual(new Set(aborts ? [LOCK_TIMEOUT, ABORTED] : [LOCK_TIMEOUT]));
    const { result } = await up(database, files, { singleTransaction });
    expect(result.files).toHaveLength(Object.keys(files).length - 1);
  },
);
