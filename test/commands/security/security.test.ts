import { describe, expect, test } from 'vitest';
import { PLANTED } from '../../../src/domain/seed/planted.ts';
import { maskAddress } from '../../../src/domain/security/mask.ts';
import { createRole } from '../../support/roles.ts';
import { assertNoServerErrors, markServerLog } from '../../support/server-log.ts';
import { useSeeded } from '../check/fixture.ts';

const commands = useSeeded();

interface Finding {
  readonly severity: string;
  readonly finding: string;
  readonly subject: string;
  readonly count: number | null;
  readonly detail: string;
}

async function security(words: string, url?: string) {
  const ran = await commands.ordersync(`security ${words} --format json`, url === undefined ? {} : { url });
  const findings = ran.stdout === '' ? [] : (JSON.parse(ran.stdout) as { data: Finding[] }).data;
  return { ...ran, findings };
}
const named = (findings: readonly Finding[], name: string) => findings.filter(({ finding }) => finding === name);

describe('security failed-logins', () => {
  test('shows brute force, stuffing, the burst, the takeover and the locked account', async () => {
    const { code, findings } = await security('failed-logins');
    expect(code).toBe(5);
    expect(named(findings, 'brute_force')).toMatchObject([
      { severity: 'critical', count: PLANTED.bruteForce.failures },
    ]);
    const stuffing = named(findings, 'credential_stuffing');
    expect(stuffing.map(({ count }) => count)).toEqual([134, 133, 133]);
    expect(stuffing[0]?.detail).toContain('0 got in');
    expect(named(findings, 'failure_burst')).toMatchObject([{ count: expect.any(Number) }]);
    expect(named(findings, 'failure_burst')[0]?.count).toBeGreaterThanOrEqual(PLANTED.stuffing.accounts);
    expect(named(findings, 'success_after_failures')).toMatchObject([{ count: PLANTED.takeover.failures }]);
    expect(named(findings, 'locked_account')).toMatchObject([
      { severity: 'warning', count: PLANTED.bruteForce.lockedAt },
    ]);
  });

  test('thresholds decide what is found', async () => {
    const { findings } = await security('failed-logins --threshold 10 --accounts 134 --before 5 --burst 100000');
    expect(findings.map(({ finding }) => finding)).toEqual(['credential_stuffing', 'locked_account']);
    const { sql } = commands.database.current;
    await sql`update users set locked_until = null, failed_login_count = 0 where locked_until is not null`;
    const none = await security('failed-logins --threshold 10 --accounts 1000 --before 9 --burst 100000');
    expect(none).toMatchObject({ code: 0, findings: [], stderr: expect.stringContaining('nothing found') });
    await sql`update users set failed_login_count = 7 where id = (select id from users order by id limit 1)`;
    expect(named((await security('failed-logins')).findings, 'not_locked')).toMatchObject([{ count: 7 }]);
    await sql`update users set failed_login_count = 0 where failed_login_count = 7`;
  });

  test('--record writes each finding once for its window, and only with consent where an environment is protected', async () => {
    const { sql } = commands.database.current;
    const recorded = async () =>
      (
        await sql<{ rows: number }[]>`
      select count(*)::integer as rows from security_metrics where metric_type like 'security.%'`
      )[0]?.rows;
    const dry = await security('failed-logins --record --dry-run --since 2d');
    expect([dry.code, await recorded()]).toEqual([5, 0]);
    const first = await security('failed-logins --record --since 2d');
    expect(first.stderr).toContain(`${first.findings.length} new in security_metrics`);
    expect(await recorded()).toBe(first.findings.length);
    const again = await security('failed-logins --record --since 2d');
    expect(again.stderr).toContain('0 new in security_metrics');
    expect(await recorded()).toBe(first.findings.length);
    const [metric] =
      await sql`select value::integer, threat_level, is_anomaly, labels from security_metrics where metric_type = 'security.brute_force'`;
    expect(metric).toMatchObject({
      value: 9,
      threat_level: 'CRITICAL',
      is_anomaly: true,
      labels: { source: 'ordersync security failed-logins' },
    });
  });
});

describe('security suspicious-ips', () => {
  test('groups by the keyed hash: the busy address is found, which ciphertexts never show', async () => {
    const { code, findings } = await security('suspicious-ips --users 20');
    expect(code).toBe(5);
    expect(findings).toMatchObject([
      { finding: 'busy_address', count: PLANTED.busyAddress.users, subject: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    const { sql } = commands.database.current;
    const groups =
      await sql`select from audit_logs group by ip_address_encrypted having count(distinct user_id) > 1 and min(ip_address_encrypted) <> 'none'`;
    expect(groups).toHaveLength(0);
  });

  test('--decrypt shows its network, and the address nowhere', async () => {
    const { stdout, stderr, findings } = await security('suspicious-ips --users 20 --decrypt --verbose');
    expect(findings[0]?.detail).toContain('from 203.0.113.x');
    expect(stdout + stderr).not.toContain(PLANTED.busyAddress.ip);
  });

  test('rows with an address and without its hash are told', async () => {
    const { sql } = commands.database.current;
    await sql`
      insert into audit_logs (trace_id, action, resource_type, ip_address_encrypted, ip_key_id, success)
      select trace_id, 'LOGIN', 'User', ip_address_encrypted, ip_key_id, true from audit_logs where ip_address_encrypted <> 'none' limit 1`;
    expect((await security('suspicious-ips')).stdout).toContain('1 audit rows have an address without its hash');
  });

  test.each([
    ['203.0.113.40', '203.0.113.x'],
    ['2001:db8:0:1::7', '2001:db8:0:x'],
    ['2001:0DB8::1', '2001:db8:0:x'],
    ['::1', '0:0:0:x'],
    ['not an address', 'no address'],
  ])('%s is shown as %s', (address, shown) => {
    expect(maskAddress(address)).toBe(shown);
  });
});

describe('security permission-changes and roles', () => {
  test('shows who became what, by whom, and what only administrators may do', async () => {
    const { code, findings } = await security('permission-changes');
    expect(code).toBe(5);
    const changes = named(findings, 'permission_change');
    expect(changes).toHaveLength(PLANTED.permissionChanges);
    expect(changes.map(({ severity }) => severity)).toEqual(['critical', 'warning', 'warning']);
    expect(changes[0]?.detail).toMatch(/^role CUSTOMER → ADMIN, permissions changed, by user [0-9a-f-]{36} \(STAFF\)$/);
  });

  test('names dangerous roles and grants on the audit log', async () => {
    const { sql } = commands.database.current;
    const role = await createRole();
    await sql`grant delete, truncate on audit_logs to ${sql(role.user)}`;
    await sql`alter role ${sql(role.user)} bypassrls`;
    await sql`grant application_role to ${sql(role.user)}`;
    const { findings, code } = await security('roles');
    const own = findings.filter(({ subject }) => subject === `role ${role.user}`);
    const changes = named((await security('permission-changes --since 1s')).findings, 'audit_grant');
    await sql`revoke all on audit_logs from ${sql(role.user)}`;
    await sql`revoke application_role from ${sql(role.user)}`;
    await role.drop();
    expect(code).toBe(5);
    expect(own.map(({ severity, finding, detail }) => [severity, finding, detail])).toEqual([
      ['critical', 'audit_grant', 'may delete audit rows'],
      ['critical', 'audit_grant', 'may truncate audit rows'],
      ['critical', 'role', 'bypasses row security, acts as application_role'],
    ]);
    expect(changes.map(({ subject }) => subject)).toContain(`role ${role.user}`);
  });
});

describe('security rls and encryption', () => {
  test('a healthy database: probed for two users and nobody, and counted', async () => {
    const rls = await security('rls');
    expect(rls.code).toBe(0);
    expect(named(rls.findings, 'behaviour').map(({ subject, severity }) => [subject, severity])).toEqual([
      ['nobody', 'ok'],
      ['user 1 of 2', 'ok'],
      ['user 2 of 2', 'ok'],
    ]);
    const encryption = await security('encryption');
    expect(encryption.code).toBe(0);
    expect(named(encryption.findings, 'encryption_plaintext')[0]?.detail).toMatch(
      /^\d{4,} values of 13 tables looked at: all rows$/,
    );
    const sampled = await security('encryption --sample-rows 100');
    expect(named(sampled.findings, 'encryption_plaintext')[0]?.detail).toMatch(
      /of .*audit_logs [\d.]+ %.*, all rows of the others$/,
    );
  });

  test('a leak is seen by behaviour, and nothing of the probe stays', async () => {
    const { sql } = commands.database.current;
    await sql`create policy leak on user_sessions for select to application_role using (true)`;
    const { code, findings } = await security('rls');
    await sql`drop policy leak on user_sessions`;
    expect(code).toBe(5);
    expect(
      findings.filter(({ severity }) => severity === 'critical').map(({ subject, detail }) => [subject, detail]),
    ).toEqual([
      ['nobody', 'application_role sees rows of others in user_sessions'],
      ['user 1 of 2', 'application_role sees rows of others in user_sessions'],
      ['user 2 of 2', 'application_role sees rows of others in user_sessions'],
    ]);
  });

  test('plaintext is named by its place, and not shown', async () => {
    const { sql } = commands.database.current;
    const [user] = await sql<
      { id: string; phone: string }[]
    >`select id, phone_encrypted as phone from users where phone_encrypted is not null order by id limit 1`;
    await sql`update users set phone_encrypted = '010-7777-1234' where id = ${user!.id}`;
    const { code, stdout, stderr } = await security('encryption --verbose');
    await sql`update users set phone_encrypted = ${user!.phone} where id = ${user!.id}`;
    expect(code).toBe(5);
    expect(stdout).toContain(user!.id);
    expect(stdout + stderr).not.toContain('7777');
  });
});

test('a role that cannot see all rows is refused or told, with the grant, and the server logs no error', async () => {
  const { database } = commands;
  const role = await createRole();
  const url = database.current.urlFor(role);
  const mark = await markServerLog();
  for (const verb of ['failed-logins', 'suspicious-ips', 'permission-changes']) {
    expect(await security(verb, url)).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('grant select on public.'),
    });
  }
  const rls = await security('rls', url);
  expect(named(rls.findings, 'behaviour').every(({ severity }) => severity === 'unknown')).toBe(true);
  expect(named((await security('encryption', url)).findings, 'encryption_plaintext')).toMatchObject(
    expect.arrayContaining([expect.objectContaining({ severity: 'unknown' })]),
  );
  expect((await security('roles', url)).stdout).toContain(role.user);
  await assertNoServerErrors(mark, database.current.name);
  await role.drop();
});
