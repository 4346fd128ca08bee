import { beforeAll, describe, expect, test } from 'vitest';
import { ENCRYPTED_TABLES } from '../../../src/domain/encryption/registry.ts';
import { readCatalogue } from '../../../src/domain/migrations/catalogue/read.ts';
import { fingerprintOf } from '../../../src/domain/migrations/catalogue/fingerprint.ts';
import type { Application } from '../../support/application.ts';
import { testContext } from '../../support/context.ts';
import { failureOf, sqlstateOf } from '../../support/schema.ts';
import { useKeyCommands } from './fixture.ts';

const PII_COLUMNS = ENCRYPTED_TABLES.flatMap(({ pairs }) => pairs).filter(({ keyType }) => keyType === 'pii').length;

describe('key retire --prove', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;
  let first: Application;
  let second: Application;

  /** What a rotation leaves: the next version is ACTIVE, the older one ROTATING. */
  async function nextPii(older: string): Promise<Application> {
    await sql()`update encryption_keys set status = 'ROTATING' where key_id = ${older}`;
    return commands.start();
  }

  const held = () => sql()<{ name: string; valid: boolean; definition: string }[]>`
    select conname as name, convalidated as valid, pg_get_constraintdef(oid) as definition
      from pg_constraint where conname like '%\_retired\_keys%' and coninhcount = 0 order by 1`;

  const oids = () => sql()`select oid from pg_constraint where conname like '%\_retired\_keys%' order by 1`;

  const fingerprint = async () => {
    const session = await testContext(commands.database.current.url).db.session();
    return fingerprintOf(await readCatalogue(session));
  };

  /** Instead of a rotation: no value is under any key. Past the triggers that keep audit_logs as it is. */
  const emptyEverything = () =>
    sql().begin(async (transaction) => {
      const guarded = await transaction<{ name: string }[]>`
        select distinct tgrelid::regclass::text as name from pg_trigger where tgname like 'audit_logs%truncate'`;
      for (const { name } of guarded) await transaction.unsafe(`alter table ${name} disable trigger user`);
      await transaction`truncate users, audit_logs_archive, login_attempts, notification_logs, orders cascade`;
      for (const { name } of guarded) await transaction.unsafe(`alter table ${name} enable trigger user`);
    });

  beforeAll(async () => {
    first = await commands.start();
    second = await nextPii('pii-v1');
    await commands.fill(second);
  });

  test('a dry run adds nothing and lists the columns that would be held', async () => {
    const rows = await commands.rows('retire --key pii-v1 --prove --dry-run');
    expect(rows).toHaveLength(PII_COLUMNS);
    expect(rows.every((row) => row['held'] === false)).toBe(true);
    expect(await held()).toHaveLength(0);
  });

  test('the server refuses the key in every column from then on, partitions included, and status says so', async () => {
    const before = await fingerprint();
    const ran = await commands.key('retire --key pii-v1 --prove');
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining(`out of all ${PII_COLUMNS} columns`) });
    const constraints = await held();
    expect(constraints).toHaveLength(PII_COLUMNS);
    expect(constraints.every(({ valid }) => valid)).toBe(true);
    expect(await sql()`select from pg_constraint where conname like '%\_retired\_keys%' and not convalidated`).toEqual(
      [],
    );
    expect(await sql()`select status from encryption_keys where key_id = 'pii-v1'`).toEqual([{ status: 'RETIRED' }]);

    const stale = await failureOf(first.addUser(sql(), 'stale@example.com'));
    expect(stale).toMatchObject({
      code: '23514',
      constraint_name: expect.stringMatching(/^ck_users_.*_retired_keys$/),
    });
    await second.addUser(sql(), 'fresh@example.com');
    expect(await fingerprint()).toBe(before);
    expect(await commands.rows('status')).toContainEqual(
      expect.objectContaining({ key: 'pii-v1', status: 'RETIRED', finding: 'kept out by the server' }),
    );
  });

  test('nor a value that is under the key while its key column names another', async () => {
    const [row] = await sql()<{ id: string }[]>`select id from users limit 1`;
    const pair = first.encrypt('users', 'email_encrypted', row?.id ?? '', 'x@example.com');
    const update = sql()`update users set email_encrypted = ${pair['email_encrypted'] ?? ''}, email_key_id = 'pii-v2' where id = ${row?.id ?? ''}`;
    expect(await sqlstateOf(update)).toBe('23514');
  });

  test('a month that is added later has the constraint, validated', async () => {
    const months = () => sql()<{ n: number }[]>`
      select count(*)::int as n from pg_inherits where inhparent = 'audit_logs'::regclass`;
    const [before] = await months();
    await sql()`select ensure_month_partitions('audit_logs', (now() + interval '5 months')::date, (now() + interval '7 months')::date)`;
    const [after] = await months();
    expect(after?.n).toBeGreaterThan(before?.n ?? 0);
    expect(
      await sql()`
        select relation.relname from pg_inherits join pg_class relation on relation.oid = inhrelid
         where inhparent = 'audit_logs'::regclass
           and not exists (select from pg_constraint c where c.conrelid = inhrelid
                            and c.conname = 'ck_audit_logs_ip_key_id_retired_keys' and c.convalidated)`,
    ).toEqual([]);
  });

  test('the same again asks nobody and changes nothing', async () => {
    const before = await oids();
    const ran = await commands.key('retire --key pii-v1 --prove');
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('was retired before') });
    expect(await oids()).toEqual(before);
  });

  test('the next retired key widens the constraints instead of adding to them', async () => {
    await nextPii('pii-v2');
    expect(await commands.key('retire --key pii-v2 --prove')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('pii-v2 is still needed'),
    });
    await emptyEverything();
    const ran = await commands.key('retire --key pii-v2 --prove');
    expect(ran).toMatchObject({ code: 0 });
    const constraints = await held();
    expect(constraints).toHaveLength(PII_COLUMNS);
    for (const { definition, valid } of constraints) {
      expect(valid).toBe(true);
      expect(definition).toContain(`'{pii-v1,pii-v2}'::text[]`);
    }
  });
});
