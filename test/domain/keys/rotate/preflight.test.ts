import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import postgres from 'postgres';
import { useKeyCommands } from '../../../commands/key/fixture.ts';
import { run } from '../../../support/io.ts';
import type { TestRole } from '../../../support/roles.ts';
import { createRole } from '../../../support/roles.ts';

describe('what a rotation would meet is found before it begins', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;
  let role: TestRole;

  beforeAll(async () => {
    const application = await commands.start();
    await commands.fill(application);
    role = await createRole();
    await sql().unsafe(`grant schema_owner to ${role.user}`);
  });
  afterAll(async () => {
    await commands.database.current.drop();
    await role.drop();
  });

  /** `key rotate` as this role; the real thing, which must refuse. */
  const rotate = async (words = '', settings = '') =>
    run(['key', 'rotate', '--if-older-than', '0', '--grace', '0', ...words.split(' ').filter(Boolean)], {
      env: {
        ...commands.keyring.env,
        ORDERSYNC_DATABASE_URL: commands.database.current.urlFor(role) + settings,
      },
    });
  const nothingBegan = async () => {
    expect(await sql()`select from key_rotation_runs`).toHaveLength(0);
    expect(await sql()`select from encryption_keys where status <> 'ACTIVE'`).toHaveLength(0);
  };

  test('the owner is told the role that the audit logs ask for, in a statement that gives it', async () => {
    const { code, stderr } = await rotate('--type pii');
    expect(code).toBe(3);
    expect(stderr).toContain(`grant ordersync_rotator to "${role.user}"`);
    await nothingBegan();
    await sql().unsafe(/grant ordersync_rotator to .*$/mu.exec(stderr)?.[0] ?? '');
    expect(await rotate('--type business --dry-run')).toMatchObject({ code: 0 });
  });

  test('a dry run takes no transaction id and writes nothing', async () => {
    const { code, stderr } = await rotate('--dry-run', '?options=-c%20default_transaction_read_only%3Don');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('nothing was changed') });
    await nothingBegan();
  });

  test('a role that row security would filter is refused, on the parent and on a partition', async () => {
    await sql()`alter table user_sessions force row level security`;
    const parent = await rotate('--type pii');
    await sql()`alter table user_sessions no force row level security`;
    expect(parent.code).toBe(3);
    expect(parent.stderr).toContain('user_sessions: row security hides rows');

    const [{ leaf } = { leaf: '' }] = await sql()<{ leaf: string }[]>`
      select relid::regclass::text as leaf from pg_partition_tree('audit_logs') where isleaf order by 1 limit 1`;
    await sql().unsafe(`alter table ${leaf} enable row level security, force row level security`);
    const partition = await rotate('--type pii');
    await sql().unsafe(`alter table ${leaf} no force row level security, disable row level security`);
    expect(partition.code).toBe(3);
    expect(partition.stderr).toContain(`${leaf}: row security hides rows`);
    await nothingBegan();
  });

  test('missing rights are told as the grants that give them', async () => {
    const poor = await createRole();
    onTestFinished(async () => {
      await sql().unsafe(`drop owned by ${poor.user}`);
      await poor.drop();
    });
    const env = { ...commands.keyring.env, ORDERSYNC_DATABASE_URL: commands.database.current.urlFor(poor) };
    const refused = async () => run(['key', 'rotate', '--type', 'business', '--if-older-than', '0'], { env });
    await sql().unsafe(
      `grant usage on schema public to ${poor.user}; grant select on all tables in schema public to ${poor.user}`,
    );
    await sql().unsafe(`alter role ${poor.user} bypassrls`);
    expect(await refused()).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('key_rotation_runs: insert is not granted'),
    });
    await sql().unsafe(`
      grant insert, update, delete on key_rotation_runs, key_rotation_chunks, key_rotation_bad_rows, encryption_keys,
        encryption_data_keys, audit_logs to ${poor.user};
      grant update (name_encrypted) on menus to ${poor.user}`);
    const { code, stderr } = await refused();
    expect(code).toBe(3);
    expect(stderr).toContain(
      `grant update ("name_key_id", "description_encrypted", "description_key_id") on "public"."menus" to "${poor.user}";`,
    );
    await nothingBegan();
  });

  test('a trigger that would take a re-encryption for a change is named; one of a statement is mentioned', async () => {
    await sql()`create function noticed() returns trigger language plpgsql as 'begin return new; end'`;
    await sql()`create trigger touches before update on orders for each row execute function noticed()`;
    const { code, stderr } = await rotate('--type pii');
    expect(code).toBe(4);
    expect(stderr).toMatch(/orders_y\d{4}m\d\d: touches runs noticed\(\)/);
    await sql()`alter table orders disable trigger touches`;
    expect((await rotate('--type pii --dry-run')).code).toBe(0);
    await sql()`drop trigger touches on orders`;

    await sql()`create trigger touches before update of status on orders for each row execute function noticed()`;
    expect((await rotate('--type pii --dry-run')).code).toBe(0);
    await sql()`drop trigger touches on orders`;

    await sql()`create trigger touches before update on menus for each statement execute function noticed()`;
    const mentioned = await rotate('--type business --dry-run');
    expect(mentioned).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('menus: the statement trigger touches'),
    });
    await sql()`drop trigger touches on menus`;
    // A known name without the clause that makes it safe is as good as unknown.
    await sql()`drop trigger trigger_menus_updated_at on menus`;
    await sql()`create trigger trigger_menus_updated_at before update on menus for each row execute function set_updated_at()`;
    expect(await rotate('--type business')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('menus: trigger_menus_updated_at runs set_updated_at()'),
    });
    await sql()`drop trigger trigger_menus_updated_at on menus`;
    await nothingBegan();
  });

  test('what holds a snapshot is named, with what it costs', async () => {
    await sql()`create table if not exists holder (n integer)`;
    const client = postgres(commands.database.current.url, { max: 1, onnotice: () => undefined });
    onTestFinished(async () => {
      await sql()`rollback prepared 'holds a snapshot'`;
      await client.end();
    });
    await client.unsafe(`begin; insert into holder values (1); prepare transaction 'holds a snapshot'`).simple();
    const { code, stderr } = await rotate('--type business --dry-run');
    expect(code).toBe(0);
    expect(stderr).toMatch(/prepared transaction holds a snapshot \(.*\) has held a snapshot for \d+ s/);
    expect(stderr).toContain('no update can be made in place');
    expect(stderr).toContain('grant pg_read_all_stats');
  });

  test('values in clear and of unknown keys are counted by a dry run', async () => {
    await sql()`update menus set name_encrypted = 'Kimchi', description_encrypted = 'os1_ORPHAN00' || substr(description_encrypted, 13)`;
    const { code, stderr, stdout } = await rotate('--type business --dry-run');
    expect(code).toBe(0);
    expect(stderr).toContain('menus.name_encrypted: 1 with not_ours');
    expect(stderr).toContain('menus.description_encrypted: 1 with unknown_key');
    expect(`${stdout}${stderr}`).not.toContain('Kimchi');
  });

  test('an encrypted column that nobody registered', async () => {
    await sql()`alter table order_items add column note_encrypted text`;
    expect(await rotate('--type pii')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('order_items.note_encrypted: unregistered'),
    });
    await sql()`alter table order_items drop column note_encrypted`;
    await nothingBegan();
  });

  test('with the rights it was told of, the role rotates everything, the audit logs too', async () => {
    const { code, stdout, stderr } = await rotate('--type pii --full-speed --format json');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('"state":"finished"');
    expect(await sql()`select distinct ip_key_id from audit_logs where action = 'LOGIN'`).toEqual([
      { ip_key_id: 'pii-v2' },
    ]);
  });
});
