import { closest } from './closest.ts';

/** What a file name of the migrations folder says. */
export type MigrationName =
  | {
      readonly kind: 'up' | 'down' | 'builder';
      readonly version: string;
      /** The part between version and suffix, NFC: `create_orders`. */
      readonly slug: string;
    }
  /** A file that has nothing to do with migrations: README.md, .gitkeep, a module that builder migrations import. */
  | { readonly kind: 'other' }
  | { readonly kind: 'wrong'; readonly message: string; readonly hint: string };

/** schema_migrations.version is varchar(20). */
const MAX_VERSION_LENGTH = 20;

const VERSION = /^\d+(?:\.\d+)*/;
const SQL_NAME = /^(?<version>\d+(?:\.\d+)*)_(?<slug>[\p{L}\p{M}\p{N}_-]+)\.(?<direction>up|down)\.sql$/u;
const BUILDER_NAME = /^(?<version>\d+(?:\.\d+)*)_(?<slug>[\p{L}\p{M}\p{N}_-]+)\.(?:ts|mts|js|mjs)$/u;

/** Reads the base name of a file in the migrations folder. Names that only look like migrations come back as `wrong`. */
export function parseMigrationName(baseName: string): MigrationName {
  const name = baseName.normalize('NFC');
  if (name.startsWith('.')) return { kind: 'other' };
  const sql = SQL_NAME.exec(name)?.groups;
  const parts = sql ?? BUILDER_NAME.exec(name)?.groups;
  if (parts === undefined) return meantAsMigration(name) ? wrongName(name) : { kind: 'other' };
  const version = parts['version'] ?? '';
  if (version.length > MAX_VERSION_LENGTH) return tooLong(name, version);
  const kind = sql === undefined ? 'builder' : parts['direction'] === 'up' ? 'up' : 'down';
  return { kind, version, slug: parts['slug'] ?? '' };
}

/** The description that stands in the ledger. */
export function descriptionOf(slug: string): string {
  return slug.replaceAll('_', ' ').trim();
}

/** Numeric per dotted part, so that '2' < '10', '1.9' < '1.10' and '001' equals '1'. */
export function compareVersions(left: string, right: string): number {
  const leftParts = left.split('.');
  const rightParts = right.split('.');
  for (let part = 0; part < Math.max(leftParts.length, rightParts.length); part += 1) {
    const difference = compareNumbers(leftParts[part] ?? '0', rightParts[part] ?? '0');
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Versions of 20 digits do not fit a number exactly, and a hand-made ledger row may hold anything: compare as text. */
function compareNumbers(left: string, right: string): number {
  const a = left.replace(/^0+(?=\d)/, '');
  const b = right.replace(/^0+(?=\d)/, '');
  if (a.length !== b.length && /^\d+$/.test(a) && /^\d+$/.test(b)) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

function meantAsMigration(name: string): boolean {
  if (/\.(?:sql|sql\.txt)$/i.test(name)) return true;
  if (/\.(?:d\.[mc]?ts|map)$/i.test(name)) return false;
  return /^\d+.*\.(?:[cm]?[jt]s|sql[^.~]*|pgsql|psql)$/i.test(name);
}

function tooLong(name: string, version: string): MigrationName {
  return {
    kind: 'wrong',
    message: `the version ${version} of ${name} has ${version.length} characters, the ledger holds ${MAX_VERSION_LENGTH}`,
    hint: 'use a short number such as 001, or a timestamp of 14 digits',
  };
}

function wrongName(name: string): MigrationName {
  const meant = correctedName(name);
  const hint =
    meant === undefined
      ? 'name it NNN_snake_name.up.sql or NNN_snake_name.down.sql, or move it out of the folder'
      : `did you mean ${meant}?`;
  return { kind: 'wrong', message: `${name} is not a migration name: ${whatIsWrong(name)}`, hint };
}

function whatIsWrong(name: string): string {
  if (/\s/.test(name)) return 'it contains white space';
  if (!VERSION.test(name)) return 'it does not start with a number';
  if (/\.(?:up|down)\.sql$/i.test(name) && !/\.(?:up|down)\.sql$/.test(name)) return 'its ending has to be lower case';
  if (/\.[cm]?[jt]s$/i.test(name)) return 'a builder migration ends in .ts, .mts, .js or .mjs right after the name';
  if (!/\.(?:up|down)\.sql$/.test(name)) return 'it does not end in .up.sql or .down.sql';
  return 'after the number comes an underscore, then letters, digits, _ and -';
}

/** The right name when the wrong one tells enough: number, words, and an ending close to a known one. */
function correctedName(name: string): string | undefined {
  const parts = /^(?<version>\d+(?:\.\d+)*)?[\s_.-]*(?<words>[^.]*)\.?(?<ending>.*)$/u.exec(name)?.groups;
  if (parts?.['version'] === undefined) return undefined;
  const slug = (parts['words'] ?? '')
    .trim()
    .replaceAll(/[^\p{L}\p{M}\p{N}_-]+/gu, '_')
    .replaceAll(/_+/g, '_');
  const ending = closest((parts['ending'] ?? '').toLowerCase().replace(/\.txt$/, ''), ENDINGS);
  const corrected = `${parts['version']}_${slug}.${ending ?? ''}`;
  return SQL_NAME.test(corrected) || BUILDER_NAME.test(corrected) ? corrected : undefined;
}

const ENDINGS = ['up.sql', 'down.sql', 'ts', 'mts', 'js', 'mjs'];
