import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { splitStatements } from '../../../src/domain/migrations/file/split.ts';
import { RULES } from '../../../src/domain/checks/settings/rules.ts';
import { outside } from '../../support/outside.ts';
import { runShell, useBuild } from '../../support/program.ts';
import { waitFor } from '../../support/wait.ts';
import type { Fault } from './fault.ts';
import { ARCHIVE_FAULTS } from './faults-archive.ts';
import { DATA_FAULTS } from './faults-data.ts';
import { ENCRYPTION_FAULTS } from './faults-encryption.ts';
import { ONCALL_FAULTS } from './faults-oncall.ts';
import { PERFORMANCE_FAULTS } from './faults-performance.ts';
import { SECURITY_FAULTS } from './faults-security.ts';
import { BAD_SETTINGS } from './faults-settings.ts';
import { SPACE_FAULTS } from './faults-space.ts';
import type { Row } from './fixture.ts';
import type { Site } from './site.ts';
import { useSite } from './site.ts';

const FAULTS: readonly Fault[] = [
  ...SECURITY_FAULTS,
  ...ENCRYPTION_FAULTS,
  ...PERFORMANCE_FAULTS,
  ...DATA_FAULTS,
  ...ONCALL_FAULTS,
  ...SPACE_FAULTS,
  ...ARCHIVE_FAULTS,
];
/** Their faults are planted together, because many of them need a restart. */
const OF_THE_FILES = [...Object.keys(RULES).map((name) => `conf.${name}`), 'conf.file-errors', 'conf.pending-restart'];

const site = useSite();
useBuild();

async function execute({ fix, fix_kind: kinds }: Row, fault: Fault, psql: () => void): Promise<void> {
  for (const [index, text] of fix.entries()) {
    if (kinds[index] === 'doc') continue;
    if (kinds[index] === 'sql') await executeSql(site, text);
    else await executeCommand(text, fault, psql);
  }
}

async function executeSql({ sql }: Site, text: string): Promise<void> {
  for (const statement of splitStatements(text).statements) await sql.unsafe(statement.text).simple();
}

/** As it stands, with what answers the question that nobody is there to answer. */
async function executeCommand(text: string, { words }: Fault, psql: () => void): Promise<void> {
  if (/^ordersync [^|&]*$/.test(text)) {
    const { code, stderr } = await site.ordersync(`${text.replace(/^ordersync /, '')} ${words ?? ''}`.trim());
    if (code !== 0) throw new Error(`${text}: ${stderr}`);
    return;
  }
  psql();
  const { server, keyring } = site;
  const place = { PGHOST: server.host, PGPORT: String(server.port), PGUSER: 'postgres', PGPASSWORD: server.password };
  const { code, stderr } = await runShell(text, { env: { ...place, PGDATABASE: 'shop', ...keyring.env } });
  if (code !== 0) throw new Error(`${text}: ${stderr}`);
}

/** Plants it, does what the fix says in words, and returns what the check said before, meanwhile and afterwards. */
async function course(id: string, plant: () => Promise<unknown>, repair: () => Promise<unknown>) {
  const before = (await site.row(id)).severity;
  await plant();
  await waitFor(async () => (await site.row(id)).severity !== before, `${id} to be bad`);
  const meanwhile = (await site.row(id)).severity;
  await repair();
  await waitFor(async () => (await site.row(id)).severity !== meanwhile, `${id} to be cleared`);
  return [before, meanwhile, (await site.row(id)).severity];
}

test('every check has its fault in a test', async () => {
  const { stdout } = await site.ordersync('check --list --format json');
  const ids = (JSON.parse(stdout) as { data: { id: string }[] }).data.map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(90);
  expect([...FAULTS.map(({ id }) => id), ...OF_THE_FILES].toSorted()).toEqual(ids.toSorted());
});

test('a clean database has no finding that is not true', async () => {
  const rows = await site.rows('');
  const found = rows.filter(({ severity }) => severity === 'critical' || severity === 'warning');
  // Both columns of the specification have no index, and it asks for none.
  expect(found.map(({ id, evidence }) => [id, evidence.length])).toEqual([['perf.foreign-keys', 2]]);
});

test('without time every check is unknown, and none ok', async () => {
  const rows = await site.rows('--timeout 0');
  expect(rows.length).toBeGreaterThan(90);
  expect(rows.filter(({ severity }) => severity !== 'unknown')).toEqual([]);
  expect(rows.filter(({ fix }) => fix.length === 0)).toEqual([]);
});

describe('a planted fault is named, and its printed fix clears it', () => {
  test.for(FAULTS)('$id', async (fault, context) => {
    const { id, severity, names } = fault;
    let seen = '';
    const look = async (): Promise<Row> => {
      const row = await site.row(id, fault.options?.(site));
      seen = JSON.stringify(row);
      return row;
    };
    const { before = 'ok' } = fault;
    await fault.prepare?.(site);
    expect((await look()).severity).toBe(typeof before === 'function' ? before(site) : before);
    const clean = await fault.plant(site);
    try {
      await waitFor(
        async () => (await look()).severity === severity,
        () => `${id} to be ${severity}: ${seen}`,
      );
      const row = await look();
      expect(row.evidence.join('\n')).toMatch(names);
      expect(row.fix.length).toBeGreaterThan(0);
      await execute(row, fault, () => outside('psql', context));
      await fault.repair?.(site, row);
      await waitFor(
        async () => (await look()).severity === (fault.after ?? 'ok'),
        () => `${id} to be cleared: ${seen}`,
      );
    } finally {
      await clean?.();
    }
  });
});

describe('settings that are not what the specification asks', () => {
  test('a change that waits for a restart', async () => {
    const told = await course(
      'conf.pending-restart',
      async () => executeSql(site, `alter system set max_worker_processes = 9; select pg_reload_conf()`),
      async () => site.server.restart(),
    );
    expect(told).toEqual(['ok', 'warning', 'ok']);
  });

  test('a line that cannot be read', async () => {
    const file = join(site.server.dataDir, 'postgresql.conf');
    const before = await readFile(file, 'utf8');
    const told = await course(
      'conf.file-errors',
      async () => site.place('postgresql.conf', `${before}hostssl all all 0.0.0.0/0 scram-sha-256\n`),
      async () => site.place('postgresql.conf', before),
    );
    expect(told).toEqual(['ok', 'critical', 'ok']);
  });

  test('each of them, and each printed fix', async () => {
    expect(Object.keys(BAD_SETTINGS).toSorted()).toEqual(Object.keys(RULES).toSorted());
    for (const [name, value] of Object.entries(BAD_SETTINGS))
      await site.sql.unsafe(`alter system set ${name} = ${value}`);
    await site.server.restart();
    const ids = Object.keys(RULES).map((name) => `conf.${name}`);
    const bad = (await site.rows('--only conf.*')).filter(({ severity }) => ['warning', 'critical'].includes(severity));
    expect(bad.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    for (const { fix } of bad) for (const text of fix) await executeSql(site, text);
    await site.server.restart();
    const rows = await site.rows('--only conf.*');
    expect(rows.filter(({ severity }) => severity !== 'ok')).toEqual([]);
  });
});
