import { afterAll, describe, expect, it } from 'vitest';
import postgres from 'postgres';
import { PLANTED } from '../../../src/domain/seed/planted.ts';
import { sqlstateOf } from '../../support/schema.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import { SEEDED, usePlace } from './place.ts';
import type { Row } from '../../support/answer.ts';

/**
 * The eight queries of the specification on demo data, as the commands that took their place: each shows what it is for.
 * Where the specification's own text fails or is blind on the same data, a test says so too.
 */
useBuild();
const place = usePlace({ words: SEEDED });
const clients: postgres.Sql[] = [];
afterAll(async () => {
  for (const client of clients) await client.end({ timeout: 1 });
});

interface Asked {
  readonly code: number | undefined;
  readonly data: readonly Row[];
  readonly verdicts?: readonly { readonly section: string; readonly verdict: string }[];
}

async function ask(words: string): Promise<Asked> {
  const { server, keyring } = place.current;
  const env = { ...keyring.env, ORDERSYNC_DATABASE_URL: server.urlFor('shop') };
  const { code, stdout, stderr } = await runProgram([...words.split(' '), '--format', 'json'], { env });
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as Omit<Asked, 'code'>) };
}

async function open(...statements: readonly string[]): Promise<void> {
  const client = postgres(place.current.server.urlFor('shop'), { max: 1, onnotice: () => undefined });
  clients.push(client);
  for (const statement of ['select 1', ...statements]) await client.unsafe(statement).simple();
}

const found = ({ data }: Asked, finding: string) => data.filter((row) => row['finding'] === finding);

describe('performance', () => {
  it('1, slow statements: those whose mean is beyond 100 ms, slowest first, and no other', async () => {
    const { sql } = place.current;
    await sql`select pg_sleep(0.3), 'slowest' as planted`;
    await sql`select 'slow' as planted, pg_sleep(0.15)`;
    for (let call = 0; call < 30; call += 1) await sql`select count(*) from menus where price > 100`;
    const { code, data } = await ask('monitor slow-queries --sort mean --min-mean 100ms --limit 1000');
    expect(code).toBe(0);
    const planted = data.filter(({ query }) => /pg_sleep.*as planted|as planted.*pg_sleep/.test(String(query)));
    expect(planted.map(({ calls }) => calls)).toEqual([1, 1]);
    const means = data.map((row) => Number(row['mean_ms']));
    expect(means).toEqual(means.toSorted((left, right) => right - left));
    expect(means.every((mean) => mean >= 100)).toBe(true);
    // What costs most may be quick each time: the specification's limit hides it.
    const often = (await ask('monitor slow-queries --sort calls --limit 1000')).data.find(({ query }) =>
      String(query).startsWith('select count(*) from menus where price'),
    );
    expect(often).toMatchObject({ calls: 30 });
  });

  it('2, sizes of tables: largest first, a partitioned table whole, any name', async () => {
    const { sql } = place.current;
    await sql`create table "MixedCase" (id integer)`;
    const specified = sql`
      select pg_total_relation_size(schemaname || '.' || tablename) as bytes
      from pg_tables where schemaname = 'public' order by bytes desc`;
    expect(await sqlstateOf(specified)).toBe('42P01');
    const { data } = await ask('monitor table-sizes --limit 1000');
    const sizes = data.map((row) => Number(row['total_bytes']));
    expect(sizes).toEqual(sizes.toSorted((left, right) => right - left));
    const [orders] = await sql<{ bytes: number; partitions: number }[]>`
      select sum(pg_total_relation_size(relid))::float8 as bytes, count(*) filter (where isleaf)::integer as partitions
      from pg_partition_tree('orders')`;
    const of = (table: string) => data.find((row) => row['table'] === table);
    expect(of('public.orders')).toMatchObject({ total_bytes: orders?.bytes, partitions: orders?.partitions });
    expect(Number(of('public.orders')?.['rows_estimate'])).toBeGreaterThan(100);
    expect(of('public."MixedCase"')).toBeDefined();
    expect(data.some(({ table }) => String(table).startsWith('public.orders_y'))).toBe(false);
  });

  it('3, use of indexes: those that nobody has used, and none that a constraint needs', async () => {
    const { sql } = place.current;
    const specified = sql.unsafe(`select tablename, indexname from pg_stat_user_indexes where idx_scan = 0`);
    expect(await sqlstateOf(specified)).toBe('42703');
    await sql`create index planted_unused on users (failed_login_count, created_at)`;
    const { data } = await ask('monitor indexes --min-size 8kB --min-window 0');
    const unused = data.filter(({ section }) => section === 'indexes');
    expect(unused.every(({ scans }) => scans === 0)).toBe(true);
    expect(unused.find(({ index }) => index === 'public.planted_unused')).toMatchObject({
      verdict: 'warning',
      fix: 'drop index concurrently public.planted_unused',
    });
    const needed = await sql<{ index: string }[]>`
      select format('%I.%I', n.nspname, c.relname) as index
      from pg_constraint as k join pg_class as c on c.oid = k.conindid join pg_namespace as n on n.oid = c.relnamespace
      where k.contype in ('p', 'u', 'x')`;
    expect(needed.length).toBeGreaterThan(20);
    const names = new Set(unused.map(({ index }) => index));
    expect(needed.filter(({ index }) => names.has(index))).toEqual([]);
  });

  it('4, cache hits: a rate against 95 %, and no division by zero when nothing is counted yet', async () => {
    const { sql } = place.current;
    const before = await ask('monitor cache');
    const [cache] = before.data.filter(({ section }) => section === 'cache');
    expect(cache).toMatchObject({ database: 'shop', verdict: 'ok' });
    expect(Number(cache?.['hit_ratio'])).toBeGreaterThan(0.95);
    expect(Number(cache?.['hits']) + Number(cache?.['reads'])).toBe(cache?.['touches']);
    expect(before.data.filter(({ section }) => section === 'kinds').length).toBeGreaterThan(1);
    await sql`select pg_stat_reset()`;
    await sql`select pg_stat_clear_snapshot()`;
    const specified = sql`
      select sum(heap_blks_hit) / (sum(heap_blks_hit) + sum(heap_blks_read)) as ratio
      from pg_statio_user_tables where relname = 'MixedCase'`;
    expect(await sqlstateOf(specified)).toBe('22012');
    expect((await ask('monitor cache --min-touches 1000000')).verdicts).toMatchObject([
      { section: 'cache', verdict: 'unknown' },
    ]);
  });

  it('5, connections by state: how many, and for how long', async () => {
    await open();
    await open();
    await open('begin; select 1');
    const { data } = await ask('monitor connections --idle-in-transaction 0');
    const of = (name: string) => data.find((row) => row['name'] === name);
    // The third is that of this test.
    expect(of('idle')).toMatchObject({ scope: 'group', connections: 3 });
    expect(of('idle in transaction')).toMatchObject({ connections: 1 });
    expect(Number(of('idle in transaction')?.['longest_in_state_ms'])).toBeGreaterThan(0);
    expect(data.find(({ scope }) => scope === 'limit')).toMatchObject({ connections: 4, verdict: 'warning' });
  });
});

describe('security', () => {
  it('6, failed log-ins: brute force, and the stuffing that a count by account cannot see', async () => {
    const { sql } = place.current;
    const asked = await ask('security failed-logins');
    expect(asked.code).toBe(5);
    const specified = await sql<{ email_hash: string; failed_attempts: number }[]>`
      select email_hash, count(*)::integer as failed_attempts from login_attempts
      where success = false and created_at > now() - interval '1 hour'
      group by email_hash having count(*) >= 5 order by failed_attempts desc`;
    expect(specified.map((row) => row.failed_attempts)).toEqual([PLANTED.bruteForce.failures]);
    expect(found(asked, 'brute_force')).toMatchObject([
      { severity: 'critical', subject: specified[0]?.email_hash, count: PLANTED.bruteForce.failures },
    ]);
    const stuffing = found(asked, 'credential_stuffing');
    expect(stuffing).toHaveLength(PLANTED.stuffing.ips.length);
    expect(stuffing.reduce((sum, { count }) => sum + Number(count), 0)).toBe(PLANTED.stuffing.accounts);
    expect(found(asked, 'success_after_failures')).toMatchObject([{ count: PLANTED.takeover.failures }]);
  });

  it('7, suspicious addresses: the busy one, which a count by ciphertext cannot see', async () => {
    const { sql } = place.current;
    const specified = await sql`
      select ip_address_encrypted from audit_logs
      where created_at > now() - interval '1 hour' and ip_address_encrypted <> 'none'
      group by ip_address_encrypted having count(distinct user_id) > 1`;
    expect(specified).toHaveLength(0);
    const asked = await ask('security suspicious-ips --decrypt');
    expect(asked.code).toBe(5);
    const busy = found(asked, 'busy_address').find(({ count }) => count === PLANTED.busyAddress.users);
    expect(busy).toMatchObject({ severity: 'critical', subject: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(busy?.['detail']).toContain(`from ${PLANTED.busyAddress.ip.replace(/\d+$/, 'x')}`);
    expect(JSON.stringify(asked.data)).not.toContain(PLANTED.busyAddress.ip);
  });

  it('8, changes of permissions: who became what, by whom, the worst first', async () => {
    const asked = await ask('security permission-changes');
    expect(asked.code).toBe(5);
    const changes = found(asked, 'permission_change');
    expect(changes).toHaveLength(PLANTED.permissionChanges);
    expect(changes[0]).toMatchObject({
      severity: 'critical',
      detail: expect.stringMatching(/^role CUSTOMER → ADMIN, permissions changed, by user [0-9a-f-]{36} \(STAFF\)$/),
    });
  });
});
