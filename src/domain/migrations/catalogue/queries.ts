import { readFile } from 'node:fs/promises';
import type { Session } from '../../../db/session.ts';
import { runText, simpleText, simpleTexts } from '../../../db/text.ts';
import { packageFile } from '../../../package-file.ts';
import type { BoundShape } from './model.ts';

/** One row of relations.sql. */
export type RelationRow = {
  /** OID as text, the key by which the other rows refer to it. */
  readonly relation: string;
  readonly name: string;
  readonly bare_name: string;
  readonly relkind: 'r' | 'p' | 'v' | 'm' | 'f' | 'S';
  readonly owner: string;
  readonly is_partition: boolean;
  /** A partition has one, a table may inherit several. */
  readonly parents: string | null;
  /** The table whose column a sequence serves. */
  readonly owned_by: string | null;
  readonly bound: BoundShape | null;
  readonly definition: string;
};

/** One row of every other file in sql/catalogue. */
export type ObjectRow = {
  /** The relation it belongs to; null for what stands on its own. */
  readonly relation: string | null;
  readonly kind: string;
  readonly name: string;
  readonly owner?: string | null;
  /** True when a partition has it from its parent, under the parent's name for it. */
  readonly inherited?: boolean;
  readonly definition: string;
};

const OBJECT_FILES = [
  'columns',
  'constraints',
  'indexes',
  'triggers',
  'policies',
  'rules',
  'view-bodies',
  'sequences',
  'functions',
  'types',
  'text-search',
  'namespaces',
  'grants',
  'default-grants',
  'comments',
] as const;

/**
 * Settings on which the text of pg_get_*def depends. An empty search_path makes it write every name with its schema;
 * the others are how time stamps, numbers and binary values in defaults and checks are printed.
 */
const BEGIN_WITH_STABLE_TEXT = [
  'begin isolation level repeatable read read only',
  "set local search_path = ''",
  "set local timezone = 'UTC'",
  "set local datestyle = 'ISO, YMD'",
  "set local intervalstyle = 'iso_8601'",
  'set local extra_float_digits = 1',
  "set local bytea_output = 'hex'",
  'set local quote_all_identifiers = off',
  'set local standard_conforming_strings = on',
  "set local lc_monetary = 'C'",
  "set local xmlbinary = 'base64'",
] as const;

export interface Rows {
  readonly relations: readonly RelationRow[];
  readonly objects: readonly ObjectRow[];
}

/**
 * Everything in one snapshot and, because nothing waits for an answer, about one round trip. It works with ordinary
 * rights and on a standby. The session must not be in a transaction.
 */
export async function readRows(session: Session): Promise<Rows> {
  const texts = await Promise.all(OBJECT_FILES.map(readStatement));
  const relationText = await readStatement('relations');
  try {
    const [, relations, ...objects] = await Promise.all([
      simpleTexts(session, BEGIN_WITH_STABLE_TEXT),
      runText<RelationRow>(session, relationText, []),
      ...texts.map((text) => runText<ObjectRow>(session, text, [])),
    ]);
    return { relations, objects: objects.flat() };
  } finally {
    if (!session.lost) await simpleText(session, 'rollback');
  }
}

function readStatement(name: string): Promise<string> {
  return readFile(packageFile(`sql/catalogue/${name}.sql`), 'utf8');
}
