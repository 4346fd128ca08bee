import { beforeAll, describe, expect, it } from 'vitest';
import { readReportFile } from '../../../src/domain/reports/catalog.ts';
import { useSchema } from '../../support/schema.ts';
import { answer } from './fixture.ts';

const BURST = 20_000;

interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly PlanNode[];
}

describe('the figures of log-ins', () => {
  const database = useSchema();
  const plan = async (): Promise<readonly PlanNode[]> => {
    const text = readReportFile('sql/metrics/logins.sql').bodies[0]?.sql ?? '';
    const [row] = await database.current.sql.unsafe<{ 'QUERY PLAN': readonly { readonly Plan: PlanNode }[] }[]>(
      `explain (analyze, timing off, format json) ${text}`,
    );
    return nodesOf(row?.['QUERY PLAN'][0]?.Plan);
  };

  beforeAll(async () => {
    const { sql } = database.current;
    // Long ago: as many again, of which nothing may count.
    for (const age of ['1 minute', '16 minutes'])
      await sql.unsafe(`
        insert into login_attempts (email_hash, ip_address_encrypted, ip_key_id, ip_hash, success, created_at)
        select encode(sha256(convert_to(least(n % 50, 40)::text, 'UTF8')), 'hex'), 'none', 'none',
               case when n % 50 > 0 then encode(sha256(convert_to((n % 50 % 5)::text, 'UTF8')), 'hex') end,
               n % 50 = 1, now() - interval '${age}'
        from generate_series(1, ${BURST}) as n`);
    await sql`analyze login_attempts`;
  });

  it('are those of the last 15 minutes, of failures by account and by address', async () => {
    const { data } = await answer(database.current.url, ['export', '--collect', 'metrics/logins']);
    const figures = data.flatMap(({ metric, value }) =>
      String(metric).startsWith('ordersync_logins_') ? [[String(metric).slice('ordersync_logins_'.length), value]] : [],
    );
    const each = BURST / 50;
    expect(Object.fromEntries(figures)).toEqual({
      failed: String(49 * each),
      succeeded: String(each),
      failing_accounts: '40',
      failing_addresses: '5',
      most_failures_of_account: String(10 * each),
      // Those with the remainder 2: 2, 7 … 37, and 40, which came from all of them.
      most_accounts_of_address: '9',
    });
  });

  it('under attack cost one pass over the attempts: what follows counts accounts and addresses', async () => {
    const nodes = await plan();
    expect(nodes.filter((node) => node['Relation Name'] === 'login_attempts')).toHaveLength(1);
    const handled = nodes.reduce((sum, node) => sum + node['Actual Rows'] * node['Actual Loops'], 0);
    // Read, and sorted or gathered once at most.
    expect(handled / BURST).toBeLessThan(3.5);
  });

  it('on a day like any other read the recent attempts only, by their index', async () => {
    const { sql } = database.current;
    await sql`delete from login_attempts where created_at > now() - interval '15 minutes' and ip_hash is not null`;
    await sql`analyze login_attempts`;
    const [scan] = (await plan()).filter((node) => node['Relation Name'] === 'login_attempts');
    expect(scan).toMatchObject({ 'Node Type': expect.stringMatching(/Index|Bitmap/), 'Actual Rows': BURST / 50 });
  });
});

function nodesOf(node: PlanNode | undefined): PlanNode[] {
  return node === undefined ? [] : [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}
