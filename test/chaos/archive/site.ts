import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type postgres from 'postgres';
import { fillMonths } from '../../support/archive/fill.ts';
import { monthsAgo } from '../../support/archive/months.ts';
import { BIN, runProgram } from '../../support/program.ts';
import type { SchemaDatabase } from '../../support/schema.ts';
import type { Checked } from './checker.ts';
import { checkArchive } from './checker.ts';
import { createShadow, shadowRows, TABLES } from './shadow.ts';
import type { StoreReader } from './stored.ts';

/** A store that archives go to, and how a test looks into it. */
export interface SiteStore {
  readonly env: Readonly<Record<string, string>>;
  readonly reader: StoreReader;
}

export interface End {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stderr: string;
}

export interface Archiver {
  readonly whenEnded: Promise<End>;
  readonly ended: () => boolean;
  readonly kill: () => void;
}

/** Old months in a database, a store, and the program that archives them, in processes of its own. */
export interface Site {
  /** Superuser's client. */
  readonly sql: postgres.Sql;
  /** On everything that is old enough, or on one table. */
  readonly start: (env?: Readonly<Record<string, string>>, table?: string) => Archiver;
  readonly check: (finished: boolean) => Promise<Checked>;
  /** More months, older than all before. */
  readonly addMonths: () => Promise<void>;
  /** The months that there have been, oldest first. */
  readonly months: () => readonly string[];
  readonly close: () => void;
}

const YOUNGEST = 7;

export interface SiteRequest {
  readonly store: SiteStore;
  /** Of each month and kind of log. */
  readonly rows: number;
  /** How many there are at first, and with each addition. */
  readonly monthsAtOnce: number;
  /** Another program than the one that was built. */
  readonly bin?: string;
}

export async function openSite(
  database: SchemaDatabase,
  { store, rows, monthsAtOnce, bin = BIN }: SiteRequest,
): Promise<Site> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ordersync-chaos-'));
  writeFileSync(path.join(folder, 'master.key'), randomBytes(32), { mode: 0o600 });
  const env = {
    NODE_ENV: 'test', // fault points are honoured in tests only
    ORDERSYNC_DATABASE_URL: database.urlFor({ user: 'schema_owner', password: 'schema' }),
    ORDERSYNC_KEY_PROVIDER: 'local',
    ORDERSYNC_KEYRING: path.join(folder, 'keyring.json'),
    ORDERSYNC_KEYRING_KEY_FILE: path.join(folder, 'master.key'),
    ...store.env,
  };
  const made = await runProgram(['key', 'keyring', 'init'], { env });
  if (made.code !== 0) throw new Error(made.stderr);
  const months: string[] = [];
  const addMonths = async (): Promise<void> => {
    const first = YOUNGEST + months.length;
    const added = Array.from({ length: monthsAtOnce }, (_, index) => monthsAgo(first + monthsAtOnce - 1 - index));
    await fillMonths(database.as('owner'), { months: added, rows });
    months.unshift(...added);
    for (const table of TABLES) await shadowRows(database.sql, table);
  };
  await createShadow(database.sql);
  await addMonths();
  await moveSomeInside(database.as('owner'), months[0]!);
  await database.sql`delete from shadow`;
  for (const table of TABLES) await shadowRows(database.sql, table);
  return {
    sql: database.sql,
    start: (extra = {}, table) => startArchiver(bin, table, { ...env, ...extra }),
    check: async (finished) => checkArchive(database.sql, store.reader, { finished }),
    addMonths,
    months: () => months,
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** By the function of the schema, some rows of the oldest month: so audit_logs_archive has a month to archive too. */
async function moveSomeInside(owner: postgres.Sql, month: string): Promise<void> {
  await owner.begin(async (transaction) => {
    // The function leaves alone what the journal names: here all but the beginning of that month.
    await transaction`
      insert into archive_journal (source_table, month, range_start, range_end, location)
      values ('audit_logs', ${month}, ${`${month}-08T00:00:00Z`}::text::timestamptz, 'infinity', 'none')`;
    await transaction`select archive_old_audit_logs()`;
    await transaction`delete from archive_journal`;
  });
}

function startArchiver(bin: string, table: string | undefined, env: Readonly<Record<string, string>>): Archiver {
  const words = 'archive run --older-than 5 months --yes --lock-timeout 5s --wait 60s --format json';
  const argv = [...words.split(' '), ...(table === undefined ? [] : ['--table', table])];
  const child = spawn(process.execPath, [bin, ...argv], {
    cwd: '/',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  let ended = false;
  const whenEnded = once(child, 'close').then(([code]): End => {
    ended = true;
    return { code: (code as number | null) ?? undefined, stderr };
  });
  return { whenEnded, ended: () => ended, kill: () => void child.kill('SIGKILL') };
}
