import { describe, expect, it } from 'vitest';
import { OrdersyncError } from '../../src/errors.ts';
import { describeServerError } from '../../src/db/server-error.ts';
import { SQLSTATE, sqlstateOf } from '../../src/db/sqlstate.ts';
import { useDatabase } from '../support/postgres.ts';
import { createRole } from '../support/roles.ts';
import { useSessions } from './sessions.ts';

const database = useDatabase();
const sessions = useSessions();

async function errorOf(query: PromiseLike<unknown>): Promise<unknown> {
  return query.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('describeServerError', () => {
  it('puts a missing right into words', async () => {
    const role = await createRole();
    try {
      await database.current.sql`create table guarded (id int4)`;
      const session = await sessions.open(database.current.urlFor(role));
      const error = await errorOf(session.sql`select id from guarded`);
      expect(describeServerError(error, { user: role.user })).toMatchObject({
        code: 'permission',
        message: `user "${role.user}" may not do this: permission denied for table guarded`,
        details: { sqlstate: SQLSTATE.insufficientPrivilege },
      });
    } finally {
      await sessions.closeAll();
      await role.drop();
    }
  });

  it('takes a table, column or function that is not there for a schema that is behind', async () => {
    const { sql } = await sessions.open(database.current.url);
    for (const query of [sql`select 1 from nowhere`, sql`select nothing from pg_class`, sql`select nothing()`]) {
      expect(describeServerError(await errorOf(query))).toMatchObject({
        code: 'precondition',
        message: expect.stringContaining('does not exist') as string,
        details: { hint: 'apply the pending migrations: ordersync migrate status shows them' },
      });
    }
  });

  it('knows a read-only transaction, a held lock and a cancelled statement', async () => {
    const { sql } = await sessions.open(database.current.url);
    await sql`create table busy (id int4)`;
    await sql`set default_transaction_read_only = on`;
    expect(describeServerError(await errorOf(sql`insert into busy (id) values (1)`), { address: 'h:1' })).toMatchObject(
      {
        code: 'precondition',
        message: 'the server at h:1 is read-only: a standby, or default_transaction_read_only is on',
      },
    );
    await sql`set default_transaction_read_only = off`;
    await sql`set statement_timeout = 50`;
    expect(describeServerError(await errorOf(sql`select pg_sleep(600)`))).toMatchObject({ code: 'precondition' });
    await sql`set statement_timeout = 0`;
    const other = await sessions.open(database.current.url);
    await other.sql`begin`;
    await other.sql`lock table busy`;
    await sql`set lock_timeout = 50`;
    expect(describeServerError(await errorOf(sql`select id from busy`))).toMatchObject({ code: 'lock_held' });
  });

  it('repeats no value: errors that may quote one are not its business', async () => {
    const { sql } = await sessions.open(database.current.url);
    await sql`create table unique_names (name text primary key)`;
    await sql`insert into unique_names (name) values ('s3cret')`;
    for (const query of [sql`select ${'s3cret'}::text::int4`, sql`insert into unique_names (name) values ('s3cret')`]) {
      const error = await errorOf(query);
      expect(sqlstateOf(error)).toMatch(/^2[23]/);
      expect(describeServerError(error)).toBeUndefined();
    }
  });

  it('leaves its own errors and bugs as they are', () => {
    const own = new OrdersyncError('config', 'x');
    expect(describeServerError(own)).toBe(own);
    expect(describeServerError(new TypeError('bug'))).toBeUndefined();
    expect(sqlstateOf(Object.assign(new Error('x'), { code: '42P01' }))).toBeUndefined();
  });
});
