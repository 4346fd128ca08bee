import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/db/session.ts';
import { describeText, simpleText } from '../../src/db/text.ts';
import { readReportFile, reportCommands } from '../../src/domain/reports/catalog.ts';
import { probe } from '../../src/domain/reports/probe.ts';
import type { Body, ReportFile } from '../../src/domain/reports/report-file.ts';
import { OWN_VERDICT } from '../../src/domain/reports/report-file.ts';
import { testContext } from '../support/context.ts';
import { useSchema } from '../support/schema.ts';

const SQL = join(import.meta.dirname, '../../sql');
/** What else is in the folder: statements of `migrate verify` and of `check`, and files for the server. */
const OTHERS = ['catalogue', 'check', 'config', 'README.md'];

const NOUNS = readdirSync(SQL).filter((name) => !OTHERS.includes(name));
const FILES = NOUNS.flatMap((noun) => [...reportCommands(noun).values()].flat()).map(readReportFile);

it('every file of the folders is a section of a command', () => {
  const onDisk = NOUNS.flatMap((noun) => readdirSync(join(SQL, noun)).map((name) => `sql/${noun}/${name}`));
  expect(FILES.length).toBeGreaterThan(20);
  expect(FILES.map(({ path }) => path).toSorted()).toEqual(onDisk.toSorted());
});

describe.each(FILES)('$path', (file) => {
  const columns = file.columns.map(({ name }) => name);
  const params = file.params.map(({ name }) => name);

  it('names each column and parameter once, and nothing that is not there', () => {
    expect(new Set(columns).size).toBe(columns.length);
    expect(new Set(params).size).toBe(params.length);
    const conditions = file.rules.flatMap((rule) => rule.conditions);
    expect(conditions.map(({ column }) => column).filter((name) => !columns.includes(name))).toEqual([]);
    expect(
      conditions
        .flatMap(({ operand }) => ('param' in operand ? [operand.param] : []))
        .filter((name) => !params.includes(name)),
    ).toEqual([]);
    // The verdict alone for a row of which nothing is known: the section's `wants` says why.
    const own = columns.filter((name) => OWN_VERDICT.some((known) => known === name));
    expect([[], ['verdict'], [...OWN_VERDICT]]).toContainEqual(own);
    expect(file.rules.filter(({ verdict, fix }) => verdict === 'unknown' && fix === undefined)).toEqual([]);
    expect(params.includes('baseline')).toBe(file.snapshot !== undefined);
    expect(params.includes('replicas')).toBe(file.replica !== undefined);
  });

  it('says what it is, and a first file how it is called', () => {
    expect(file.summary).toMatch(/^\p{Ll}.*[^.\s]$/u);
    expect(file.examples.length > 0).toBe(file.section === file.command);
  });
});

describe('on this server', () => {
  const database = useSchema();

  it('each statement has the parameters and columns that its header says', async () => {
    await database.current.sql`create extension pg_stat_statements`;
    const session = await testContext(database.current.url).db.session();
    const differences: string[] = [];
    for (const file of FILES) differences.push(...(await differencesOf(session, file)));
    expect(differences).toEqual([]);
  });
});

/** Of the body that this server takes: the matrix of servers takes them all. */
async function differencesOf(session: Session, file: ReportFile): Promise<string[]> {
  await simpleText(session, 'begin read only; set local search_path = pg_catalog, pg_temp');
  try {
    const requires = [...file.requires, ...file.bodies.flatMap(({ when }) => when)];
    const probed = await probe(session, requires);
    const lacking = file.requires.flatMap((requirement) => probed.lackOf(requirement) ?? []);
    if (lacking.length > 0) return [`${file.path}: ${lacking.map(({ reason }) => reason).join(', ')}`];
    const body = file.bodies.find(({ when }) => when.every((condition) => probed.lackOf(condition) === undefined));
    if (body === undefined) return [`${file.path}: no body for this server`];
    await simpleText(session, `set local search_path = ${['pg_catalog', ...probed.schemas, 'pg_temp'].join(', ')}`);
    return await compare(session, file, body);
  } finally {
    await simpleText(session, 'rollback');
  }
}

async function compare(session: Session, file: ReportFile, body: Body): Promise<string[]> {
  const { parameterTypes, columns } = await describeText(session, body.sql);
  const names = await typeNames(session, [...parameterTypes, ...columns.map(({ type }) => type)]);
  const found = {
    params: parameterTypes.map((oid) => names.get(oid)),
    columns: columns.map(({ name, type }) => `${name} ${names.get(type)}`),
  };
  const promised = {
    params: file.params.slice(0, parameterTypes.length).map(({ type }) => type),
    columns: file.columns.map(({ name, type }) => `${name} ${type}`),
  };
  const differences = [
    ...found.params.map((type, index) => [`$${index + 1} ${promised.params[index]}`, `$${index + 1} ${type}`] as const),
    ...Array.from(
      { length: Math.max(found.columns.length, promised.columns.length) },
      (_, index) => [promised.columns[index], found.columns[index]] as const,
    ),
  ].filter(([said, is]) => said !== is);
  const faults = differences.map(([said, is]) => `${file.path}: says ${said}, is ${is}`);
  for (const counted of [file.snapshot, file.replica]) {
    if (counted === undefined) continue;
    const found = await describeText(session, counted.sql);
    if (found.parameterTypes.length > 0 || found.columns.length !== 1 || names.get(found.columns[0]!.type) !== 'text')
      faults.push(`${file.path}: a snapshot, and what a replica is asked, is one text without parameters`);
  }
  return faults;
}

async function typeNames(session: Session, oids: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const rows = await session.sql<{ oid: number; name: string }[]>`
    select t.oid, format_type(t.oid, null) as name from pg_type as t where t.oid = any (${oids}::oid[])`;
  return new Map(rows.map(({ oid, name }) => [oid, name]));
}
