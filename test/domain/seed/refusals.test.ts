import { describe, expect, test } from 'vitest';
import { planSeed } from '../../../src/domain/seed/plan.ts';
import { runSeed } from '../../../src/domain/seed/seed.ts';
import { driven, testContext } from '../../support/context.ts';
import { useKeyring } from '../../support/key-store.ts';
import { useDatabase } from '../../support/postgres.ts';
import { useSchema } from '../../support/schema.ts';
import { makeKeys, ownerContext, REQUEST, seed } from './fixture.ts';

const keyring = useKeyring();

describe('a seed refuses', () => {
  const database = useSchema();
  const bare = useDatabase();

  test('a protected environment, before it connects', async () => {
    const ctx = ownerContext(database.current, keyring);
    const guarded = { ...ctx, config: { ...ctx.config, environment: { name: 'prod', protected: true } } };
    const unreachable = {
      ...guarded,
      db: { session: () => Promise.reject(new Error('connected')), open: () => Promise.reject(new Error('connected')) },
    };
    await expect(planSeed(unreachable, REQUEST)).rejects.toMatchObject({ code: 'precondition' });
  });

  test('a database without the tables', async () => {
    await expect(planSeed(testContext(bare.current.url), REQUEST)).rejects.toMatchObject({
      code: 'precondition',
      details: { hint: 'apply the migrations: ordersync migrate up' },
    });
  });

  test('a database without keys, naming them', async () => {
    const planned = planSeed(ownerContext(database.current, keyring), REQUEST);
    await expect(planned).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringMatching(/pii, payment, business, blind index email/u),
    });
  });

  test('a role that does not own the tables', async () => {
    await makeKeys(ownerContext(database.current, keyring));
    const url = database.current.urlFor({ user: 'schema_staff', password: 'schema' });
    await expect(planSeed(testContext(url), REQUEST)).rejects.toMatchObject({ code: 'permission' });
  });

  test('a database that holds data, naming the tables, also when only other tables are asked for', async () => {
    const [template] = await database.current.sql`
      insert into notification_templates (name, type, title_template_encrypted, title_key_id, content_template_encrypted, content_key_id)
      values ('mine', 'EMAIL', 'x', 'business-v1', 'y', 'business-v1') returning id`;
    const planned = planSeed(ownerContext(database.current, keyring), { ...REQUEST, tables: ['users'] });
    await expect(planned).rejects.toMatchObject({
      code: 'precondition',
      details: { facts: { tables: ['notification_templates'] } },
    });
    await database.current.sql`delete from notification_templates where id = ${String(template?.['id'])}`;
  });

  test('rows that came between the plan and the run, and keeps them', async () => {
    const ctx = ownerContext(database.current, keyring);
    const plan = await planSeed(ctx, { ...REQUEST, rows: 5000 });
    await database.current.sql`insert into security_metrics (metric_type, value) values ('mine', 1)`;
    await expect(driven(runSeed(ctx, plan))).rejects.toMatchObject({ code: 'precondition' });
    expect(await database.current.sql`select metric_type from security_metrics`).toEqual([{ metric_type: 'mine' }]);
    await database.current.sql`delete from security_metrics`;
  });

  test('to run beside another one', async () => {
    const [one, two] = [ownerContext(database.current, keyring), ownerContext(database.current, keyring)];
    const work = runSeed(one, await planSeed(one, { ...REQUEST, rows: 5000 }));
    await work.next();
    await expect(driven(runSeed(two, await planSeed(two, REQUEST)))).rejects.toMatchObject({ code: 'lock_held' });
    await work.return(undefined as never); // nobody asks for its result
  });

  test('nothing more afterwards: the key rows in audit_logs are no data', async () => {
    const { plan } = await seed(ownerContext(database.current, keyring), { rows: 5000 });
    expect(plan.totalRows).toBeGreaterThan(4500);
    await expect(planSeed(ownerContext(database.current, keyring), REQUEST)).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringMatching(/holds data already, in users, restaurants, /u),
    });
  });
});
