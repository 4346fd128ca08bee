import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useSeeded } from './fixture.ts';
import type { Row } from './fixture.ts';

const commands = useSeeded();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ordersync-check-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const idsOf = (rows: readonly Row[]): string[] => rows.map(({ id }) => id);

async function withWaiver(waivers: unknown) {
  const cwd = mkdtempSync(join(folder, 'cwd-'));
  writeFileSync(join(cwd, 'ordersync.config.json'), JSON.stringify({ check: { waivers } }));
  return commands.ordersync('check --only perf.foreign-keys --format json', { cwd });
}

describe('the words of the call', () => {
  test.each([
    ['--only sec.nothing', 'no check is called "sec.nothing"'],
    ['--skip nothing.*', 'no check is called "nothing.*"'],
    ['--profile weekly', 'weekly'],
    ['--fail-on maybe', 'maybe'],
    ['--baseline /nonexistent.json', 'cannot read /nonexistent.json'],
    ['--exporter-url ftp://example.com', 'no http or https address'],
    ['--grafana-url https://me:hunter2@example.com', 'can be read by every user'],
    ['--sample-rows 0', 'not a whole number'],
  ])('%s is a usage error', async (words, complaint) => {
    const { code, stdout, stderr } = await commands.ordersync(`check ${words}`);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(complaint);
    expect(stderr).not.toContain('hunter2');
  });

  test('--list needs no database', async () => {
    const listed = await commands.ordersync('check --list --format json', {
      url: 'postgres://nobody@127.0.0.1:1/none',
    });
    expect(listed.code).toBe(0);
    const { data } = JSON.parse(listed.stdout) as {
      data: { id: string; box: string; expected: string; why: string }[];
    };
    expect(new Set(data.map(({ id }) => id)).size).toBe(data.length);
    for (const { expected, why, box } of data) expect([expected, why, box].every((text) => text.length > 0)).toBe(true);
  });

  test('every box of the specification has a check', async () => {
    const { stdout } = await commands.ordersync('check --list --format json');
    const boxes = new Set((JSON.parse(stdout) as { data: { box: string }[] }).data.map(({ box }) => box));
    expect([...boxes].toSorted()).toEqual(
      [
        '보안: 모든 민감 데이터 암호화 확인',
        '보안: Row Level Security 설정 완료',
        '보안: SSL/TLS 설정 완료',
        '보안: 감사 로그 트리거 설정',
        '성능: 주요 쿼리 인덱스 생성 확인',
        '성능: 파티셔닝 설정 완료',
        '성능: 캐시 히트율 95% 이상 확인',
        '성능: 느린 쿼리 모니터링 설정',
        '데이터 보존: 자동 정리 크론잡 설정',
        '데이터 보존: 백업 정책 수립',
        '데이터 보존: 아카이빙 정책 수립',
        '모니터링: Prometheus exporter 설정',
        '모니터링: Grafana 대시보드 구성',
        '모니터링: 알림 규칙 설정',
        'postgresql.conf',
        'on-call',
      ].toSorted(),
    );
  });

  test('--only, --skip and --profile choose', async () => {
    expect(idsOf(await commands.rows('--only sec.key-* --skip sec.key-age'))).toEqual([
      'sec.key-active',
      'sec.key-rotation',
    ]);
    const oncall = idsOf(await commands.rows('--profile oncall'));
    expect(oncall).toContain('ops.blocking');
    expect(oncall).not.toContain('sec.policies');
  });

  test('--fail-on decides the exit code', async () => {
    const codeOf = async (words: string) =>
      (await commands.ordersync(`check --only perf.foreign-keys ${words}`.trim())).code;
    expect([await codeOf(''), await codeOf('--fail-on critical'), await codeOf('--fail-on never')]).toEqual([5, 0, 0]);
    expect((await commands.ordersync('check --only sec.policies')).code).toBe(0);
  });
});

describe('waivers and baselines', () => {
  const waiver = { id: 'perf.foreign-keys', reason: 'templates are never deleted', expires: '2999-12-31' };

  test('a waived finding is skipped with its reason, and does not fail', async () => {
    const { code, stdout } = await withWaiver([waiver]);
    const [row] = (JSON.parse(stdout) as { data: Row[] }).data;
    expect(code).toBe(0);
    expect(row).toMatchObject({
      severity: 'skipped',
      observed: expect.stringContaining('templates are never deleted'),
    });
    expect(row?.evidence).toHaveLength(2);
  });

  test('an expired waiver holds no longer, and says so', async () => {
    const { code, stdout } = await withWaiver([{ ...waiver, expires: '2020-01-01' }]);
    const [row] = (JSON.parse(stdout) as { data: Row[] }).data;
    expect(code).toBe(5);
    expect(row?.evidence.at(-1)).toContain('ran out on 2020-01-01');
  });

  test.each([
    ['of no check', [{ ...waiver, id: 'perf.nothing' }], 'which is no check'],
    ['without a reason', [{ id: 'perf.foreign-keys', expires: '2999-12-31' }], 'reason'],
    ['with a date that is none', [{ ...waiver, expires: 'soon' }], 'expires'],
  ])('a waiver %s is refused', async (_what, waivers, complaint) => {
    const { code, stdout, stderr } = await withWaiver(waivers);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain(complaint);
  });

  test('a baseline tells what is new, fixed and unchanged', async () => {
    const { sql } = commands.database.current;
    const file = join(folder, 'before.json');
    await sql`create policy extra on orders for select to application_role using (false)`;
    const words = 'check --only sec.policies --only sec.rls-enabled --only perf.foreign-keys --format json';
    writeFileSync(file, (await commands.ordersync(words)).stdout);
    await sql`drop policy extra on orders`;
    await sql`alter table menus disable row level security`;
    const { stdout } = await commands.ordersync(`${words} --baseline ${file}`);
    await sql`alter table menus enable row level security`;
    const changes = (JSON.parse(stdout) as { data: Row[] }).data.map(({ id, change }) => [id, change]);
    expect(Object.fromEntries(changes)).toEqual({
      'sec.policies': 'fixed',
      'sec.rls-enabled': 'new',
      'perf.foreign-keys': 'unchanged',
    });
    writeFileSync(file, '{"command":"key status","data":[]}');
    expect(await commands.ordersync(`${words} --baseline ${file}`)).toMatchObject({ code: 2 });
  });
});

describe('formats for machines', () => {
  test('nagios: one line, and its own exit codes', async () => {
    const warning = await commands.ordersync('check --only perf.foreign-keys --format nagios');
    expect(warning).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^ORDERSYNC_CHECK WARNING: 1 of 1: perf\.foreign-keys: [^|\n]+ \| critical=0;/),
    });
    expect(warning.stdout.split('\n')).toHaveLength(2);
    expect(await commands.ordersync('check --only sec.policies --format nagios')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ OK: 1 looked at /),
    });
    expect(await commands.ordersync('check --only mon.exporter --format nagios')).toMatchObject({ code: 3 });
    const lost = await commands.ordersync('check --format nagios', {
      url: 'postgres://nobody:hunter2@127.0.0.1:1/none',
    });
    expect(lost).toMatchObject({ code: 3, stdout: expect.stringMatching(/^ORDERSYNC UNKNOWN: /) });
    expect(lost.stdout + lost.stderr).not.toContain('hunter2');
    expect(await commands.ordersync('check --only nothing --format nagios')).toMatchObject({ code: 3 });
  });

  test('junit: a failure for what is bad, an error for what is unknown', async () => {
    const { stdout, code } = await commands.ordersync(
      'check --only perf.foreign-keys --only mon.exporter --only sec.policies --format junit',
    );
    expect(code).toBe(5);
    expect(stdout).toContain('tests="3" failures="1" errors="1" skipped="0"');
    expect(stdout).toMatch(
      /<testcase classname="perf" name="perf\.foreign-keys: [^"]+" time="[\d.]+">\n {4}<failure message=/,
    );
    expect(stdout).toMatch(/<testcase classname="sec" name="sec\.policies: [^"]+" time="[\d.]+"\/>/);
  });

  test('are refused where nothing is judged', async () => {
    expect(await commands.ordersync('key list --format junit')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no format junit'),
    });
  });

  test.each(['ndjson', 'csv', 'markdown', 'table'])('%s has every check', async (format) => {
    const { stdout } = await commands.ordersync(`check --only sec.key-* --format ${format}`);
    for (const id of ['sec.key-active', 'sec.key-age', 'sec.key-rotation']) expect(stdout).toContain(id);
    expect(stdout).not.toContain('\u001b');
  });
});

test('a table that somebody has locked makes its checks unknown in short time, and hides no other', async () => {
  const { sql } = commands.database.current;
  const lock = await sql.reserve();
  await lock`begin`;
  await lock`lock table login_attempts in access exclusive mode`;
  const rows = await commands.rows('--only data.* --only sec.encryption-plaintext --only sec.policies');
  await lock`rollback`;
  lock.release();
  const severities = Object.fromEntries(rows.map(({ id, severity }) => [id, severity]));
  expect(severities).toMatchObject({
    'data.login-attempts': 'unknown',
    'sec.encryption-plaintext': 'unknown',
    'data.expired-sessions': 'ok',
    'sec.policies': 'ok',
  });
  expect(rows.find(({ id }) => id === 'data.login-attempts')).toMatchObject({
    observed: 'somebody holds a lock on what it reads',
    fix: ['ordersync check --only ops.blocking'],
  });
});
