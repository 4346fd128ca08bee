import { readdir, readFile } from 'node:fs/promises';
import { tagged } from '../../db/tag.ts';
import { runText } from '../../db/text.ts';
import { packageFile } from '../../package-file.ts';
import type { Check, Fix, Look, Sighting } from './check.ts';
import { SEVERITIES } from './check.ts';
import { keyOf, readUnmet } from './requirements.ts';
import { inSection } from './section.ts';
import type { SqlFile } from './sql-file.ts';
import { parseSqlFile } from './sql-file.ts';

/** Every file of sql/check is a check; nothing else has to know of it. */
export async function readSqlChecks(): Promise<Check[]> {
  const folder = packageFile('sql/check/');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const files = await Promise.all(
    names.map(async (name) => parseSqlFile(name, await readFile(new URL(name, folder), 'utf8'))),
  );
  return [...new Set(files.map(({ id }) => id))].flatMap((id) => {
    const variants = files.filter((file) => file.id === id);
    const general = variants.find(({ where }) => where === undefined);
    return general === undefined ? [] : [checkOf(general, variants)];
  });
}

function checkOf(general: SqlFile, variants: readonly SqlFile[]): Check {
  const { id, title, box, profiles, expected, why, requires } = general;
  return {
    id,
    title,
    box,
    profiles,
    expected,
    why,
    requires,
    look: async (look) => {
      const file = await variantFor(look, general, variants);
      const text = tagged(file.statement.trimEnd(), `check ${id}`);
      const rows = await inSection(look.session, look.limitMs, async () => runText(look.session, text));
      return rows.map((row) => sightingOf(file, row));
    },
  };
}

async function variantFor({ session }: Look, general: SqlFile, variants: readonly SqlFile[]): Promise<SqlFile> {
  if (variants.length === 1) return general;
  const wanted = variants.flatMap(({ where }) => where ?? []);
  const unmet = await readUnmet(session, wanted);
  return variants.find(({ where }) => where !== undefined && !unmet.has(keyOf(where))) ?? general;
}

function sightingOf(file: SqlFile, { severity, evidence, fix }: Readonly<Record<string, unknown>>): Sighting {
  const known = SEVERITIES.find((word) => word === severity && word !== 'skipped');
  if (known === undefined || known === 'skipped' || typeof evidence !== 'string') {
    throw new TypeError(`sql/check: ${file.id} returned a row without severity or evidence`);
  }
  return { severity: known, evidence, fix: typeof fix === 'string' ? fixOf(file, fix) : undefined };
}

/** `doc: …` and its kind say what they are; without that a fix is of the kind that the file's head names. */
function fixOf(file: SqlFile, text: string): Fix {
  const [, kind, rest] = /^(sql|command|doc): (.*)$/s.exec(text) ?? [];
  return rest === undefined ? { kind: file.fix, text } : { kind: kind as Fix['kind'], text: rest }; // one of the three
}
