import { beforeAll, describe, expect, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import { waitFor } from '../../support/wait.ts';
import { monthFromNow } from '../partition/fixture.ts';
import { useRewrapFolder } from './rewrap-fixture.ts';

const MONTHS = [-5, -4, -3].map(monthFromNow) as [string, string, string];
const RUN = 'archive run --older-than 2 months --table audit_logs --lock-timeout 5s --yes';
/** Of an advisory lock that the test holds. */
const GATE = 4711;

useBuild();

/** What ends the sessions of a command as a server does that is shut down. */
function scissors(site: ReturnType<typeof useRewrapFolder>) {
  const superuser = () => site.database.current.sql;
  const backends = () => superuser()`
    select pid, wait_event_type from pg_stat_activity
     where application_name like 'ordersync archive%' and datname = current_database()`;
  const waits = async () => (await backends()).some((one) => one['wait_event_type'] === 'Lock');
  const cut = async () => superuser()`
    select pg_terminate_backend(pid) from pg_stat_activity
     where application_name like 'ordersync archive%' and datname = current_database()`;

  /** Every session of the command is cut off where it writes a row that the condition names. */
  async function cutAt(words: string, table: string, event: 'insert' | 'update', condition: string) {
    const sql = superuser();
    await sql`create or replace function wait_at_gate() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock_shared(4711); return new; end'`;
    const holder = await sql.reserve();
    await holder`select pg_advisory_lock(${GATE})`;
    await sql.unsafe(
      `create trigger gate before ${event} on ${table} for each row when (${condition}) execute function wait_at_gate()`,
    );
    const [ran] = await Promise.all([site.bin(words), waitFor(waits, 'the command waits at the gate').then(cut)]);
    await holder`select pg_advisory_unlock(${GATE})`;
    holder.release();
    await sql.unsafe(`drop trigger gate on ${table}`);
    return ran;
  }

  return { cut, cutAt };
}

describe('a server that goes away', () => {
  const site = useRewrapFolder();
  const { cut, cutAt } = scissors(site);

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('audit_logs', MONTHS[0]);
    for (const month of MONTHS) await site.addAudit(month, 5);
  });

  test('before a month was finished: nothing has left', async () => {
    const ran = await cutAt(RUN, 'archive_journal', 'insert', `new.month = '${MONTHS[0]}'`);
    expect(ran).toMatchObject({ code: 6, stdout: '' });
    expect(ran.stderr).toMatch(/ordersync: stopped part way: .*; months finished: 0 \(SQLSTATE 57P01\)\n/u);
    expect(ran.stderr).toContain(`audit_logs ${MONTHS[0]}: under way, not finished`);
    expect(await site.listed()).toEqual([expect.stringMatching(/^keys\//u)]);
  });

  test('between months: what is done is told, and the same command goes on', async () => {
    const ran = await cutAt(RUN, 'archive_journal', 'insert', `new.month = '${MONTHS[1]}'`);
    expect(ran).toMatchObject({ code: 6, stdout: '' });
    expect(ran.stderr).toMatch(/ordersync: stopped part way: .*; months finished: 1 \(SQLSTATE/u);
    expect(ran.stderr).toContain(`audit_logs ${MONTHS[0]}: dropped\n`);
    expect(ran.stderr).toContain(`audit_logs ${MONTHS[1]}: under way, not finished\n`);
    expect(ran.stderr).toMatch(/hint: .*the same command goes on/u);
    expect(await site.bin(RUN)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('2 months: 2 proven and dr'),
    });
    expect(await site.faults()).toEqual([]);
  });

  test('while archives are rewrapped', async () => {
    await site.newKeys('pii');
    const ran = await cutAt('archive rewrap', 'archive_rewraps', 'insert', 'new.supersedes = 2');
    expect(ran).toMatchObject({ code: 6, stdout: '' });
    expect(ran.stderr).toMatch(
      /stopped part way: .*; manifests rewrapped: 1, rid of their old files: 0 \(SQLSTATE 57P01\)\nhint: .*goes on/u,
    );
    expect(await site.bin('archive rewrap')).toMatchObject({ code: 0 });
    expect(await site.faults()).toEqual([]);
    expect(await site.here('archive verify --decrypt-sample 10')).toMatchObject({ code: 0 });
  });

  test('is needed by verify and query at their beginning only', async () => {
    const question = ['archive', 'query', 'select count(*) as rows from audit_logs', '--format', 'csv'];
    for (const words of [['archive', 'verify', '--format', 'csv'], question]) {
      let gone: Promise<unknown> = Promise.resolve();
      const ran = await site.bin([...words, '--progress', 'json'], {}, (child) => {
        gone = waitFor(() => child.stderr().includes('reading the manifests'), 'it reads the store').then(cut);
      });
      await gone;
      expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('rows') });
    }
  });
});

describe('a server that goes away from a restoration', () => {
  const site = useRewrapFolder();
  const { cutAt } = scissors(site);

  beforeAll(async () => {
    await site.newKeys();
    await site.makeMonths('payments', MONTHS[0]);
    await site.addPayment(MONTHS[0]);
    await site.leave('payments', MONTHS[0]);
  });

  test('while a month is restored: what is back is told, kept, and proven again', async () => {
    const words = `archive restore --table payments --month ${MONTHS[0]}`;
    const ran = await cutAt(words, 'archive_journal', 'update', 'new.restored_to is not null');
    expect(ran).toMatchObject({ code: 6, stdout: '' });
    expect(ran.stderr).toMatch(/stopped part way: .*; the restoration of payments \S+ is not finished \(SQLSTATE/u);
    expect([...ran.stderr.matchAll(/back and proven in/gu)]).toHaveLength(4);
    const again = await site.rows(words);
    expect(again.map(({ state }) => state)).toEqual(['there', 'there', 'there', 'there']);
  });
});
