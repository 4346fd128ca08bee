import { readdir, readFile } from 'node:fs/promises';
import { packageFile } from '../../../package-file.ts';
import { splitStatements } from '../../migrations/file/split.ts';

/** An object that the migrations make, with the statement that makes it. */
export interface ExpectedObject {
  readonly kind: 'index' | 'policy' | 'trigger';
  readonly name: string;
  /** Its table, in schema public. */
  readonly table: string;
  readonly statement: string;
}

const CREATED: Readonly<Record<ExpectedObject['kind'], RegExp>> = {
  index: /^create\s+(?:unique\s+)?index\s+(?:concurrently\s+)?(?:if not exists\s+)?(?<name>\w+)\s+on\s+(?<table>\w+)/i,
  policy: /^create\s+policy\s+(?<name>\w+)\s+on\s+(?<table>\w+)/i,
  trigger: /^create\s+(?:or replace\s+)?trigger\s+(?<name>\w+)\s[^]*?\son\s+(?<table>\w+)/i,
};
const DROPPED = /^drop\s+(index|policy|trigger)\s+(?:concurrently\s+)?(?:if exists\s+)?(\w+)/i;

/** What is there after all migrations of this package: later ones can drop what earlier ones made. */
export async function readExpectedObjects(): Promise<readonly ExpectedObject[]> {
  const objects = new Map<string, ExpectedObject>();
  for (const text of await readStatements()) {
    const [, kind, dropped] = DROPPED.exec(text) ?? [];
    if (kind !== undefined) objects.delete(`${kind.toLowerCase()} ${dropped}`);
    const made = createdBy(text);
    if (made !== undefined) objects.set(`${made.kind} ${made.name}`, made);
  }
  return [...objects.values()];
}

/** The statement that makes a function as it is after all migrations. */
export async function readFunction(name: string): Promise<string> {
  const made = (await readStatements()).filter(
    (text) => /^create\s+(?:or replace\s+)?function\s+(?<name>\w+)\(/i.exec(text)?.groups?.['name'] === name,
  );
  const last = made.at(-1);
  if (last === undefined) throw new TypeError(`no migration makes the function ${name}`);
  return last;
}

/** For what may be there already. */
export function replacing(statement: string): string {
  return statement.replace(/^create\s+(?:or replace\s+)?/i, 'create or replace ');
}

/** All that the migrations of this package run, in their order. */
async function readStatements(): Promise<readonly string[]> {
  const folder = packageFile('migrations/');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.up.sql')).sort();
  const texts = await Promise.all(names.map(async (name) => readFile(new URL(name, folder), 'utf8')));
  return texts.flatMap((content) => splitStatements(content).statements.map(({ text }) => text));
}

function createdBy(statement: string): ExpectedObject | undefined {
  for (const [kind, pattern] of Object.entries(CREATED)) {
    const { name, table } = pattern.exec(statement)?.groups ?? {};
    if (name !== undefined && table !== undefined) {
      return { kind: kind as ExpectedObject['kind'], name, table, statement }; // a key of the record above
    }
  }
  return undefined;
}
