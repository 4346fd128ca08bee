import { OrdersyncError } from '../../errors.ts';
import type { Fix, Profile, Requirement } from './check.ts';
import { PROFILES, REQUIREMENT_KINDS } from './check.ts';

/** A file of sql/check: what its head says, and the statement. sql/check/README.md is the grammar. */
export interface SqlFile {
  readonly id: string;
  readonly title: string;
  readonly box: string;
  readonly profiles: readonly Profile[];
  readonly expected: string;
  readonly why: string;
  /** The kind of a fix that does not name its own. */
  readonly fix: Fix['kind'];
  readonly requires: readonly Requirement[];
  /** The file is only for servers where this is met; the file of the same id without it is for the others. */
  readonly where: Requirement | undefined;
  readonly statement: string;
}

const HEAD_LINE = /^-- ([a-z]+): (.+)$/;
const ONCE = new Set(['title', 'box', 'profiles', 'expected', 'why', 'fix', 'where']);

/**
 * @param name of the file: `ops.checkpoints.sql`, or `ops.checkpoints.separate.sql` for a variant
 * @throws OrdersyncError `config` naming the file and the line that cannot be understood
 */
export function parseSqlFile(name: string, text: string): SqlFile {
  const lines = text.split('\n');
  const length = lines.findIndex((line) => !HEAD_LINE.test(line));
  const entries = lines.slice(0, length).map((line) => HEAD_LINE.exec(line)?.slice(1) ?? []);
  const values = new Map<string, string>();
  const requires: Requirement[] = [];
  for (const [key = '', value = ''] of entries) {
    if (key === 'requires') requires.push(requirementOf(name, value));
    else if (!ONCE.has(key) || values.has(key)) throw wrong(name, `"${key}" is unknown or there twice`);
    else values.set(key, value);
  }
  const required = (key: string): string => {
    const value = values.get(key);
    if (value === undefined) throw wrong(name, `"${key}" is missing`);
    return value;
  };
  const where = values.get('where');
  return {
    id: idOf(name),
    title: required('title'),
    box: required('box'),
    profiles: required('profiles')
      .split(' ')
      .map((word) => oneOf(name, PROFILES, word)),
    expected: required('expected'),
    why: required('why'),
    fix: oneOf(name, ['sql', 'command', 'doc'], required('fix')),
    requires,
    where: where === undefined ? undefined : requirementOf(name, where),
    statement: lines.slice(length).join('\n'),
  };
}

function idOf(name: string): string {
  const [, id] = /^([a-z]+\.[a-z0-9_-]+)(?:\.[a-z0-9]+)?\.sql$/.exec(name) ?? [];
  if (id === undefined) throw wrong(name, 'the name is not area.name.sql');
  return id;
}

function requirementOf(file: string, text: string): Requirement {
  const [kind = '', name, ...rest] = text.split(' ');
  if (name === undefined || rest.length > 0) throw wrong(file, `"${text}" is not a kind and a name`);
  return { kind: oneOf(file, REQUIREMENT_KINDS, kind), name };
}

function oneOf<Word extends string>(file: string, words: readonly Word[], text: string): Word {
  const word = words.find((candidate) => candidate === text);
  if (word === undefined) throw wrong(file, `"${text}" is not one of ${words.join(', ')}`);
  return word;
}

function wrong(file: string, what: string): OrdersyncError {
  return new OrdersyncError('config', `sql/check/${file}: ${what}`, {
    hint: 'sql/check/README.md says what a head has',
  });
}
