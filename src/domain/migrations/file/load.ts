import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OrdersyncError } from '../../../errors.ts';
import { checksumOf } from './checksum.ts';
import type { Migration } from './migration.ts';
import type { MigrationName } from './name.ts';
import { compareVersions, descriptionOf, parseMigrationName } from './name.ts';
import type { FileProblem } from './problem.ts';
import { problemsError } from './problem.ts';
import { decodeText } from './read.ts';
import { parseScript } from './script.ts';

/** What a folder holds, the good and the bad. */
export interface MigrationFolder {
  /** Ordered by version; no two share one. A file whose content is refused is here too, when its text could be read. */
  readonly migrations: readonly Migration[];
  readonly problems: readonly FileProblem[];
}

/**
 * Reads every migration of a folder, ordered by version.
 * @throws OrdersyncError `usage` with all problems of all files, `config` when there is no such folder.
 */
export async function loadMigrations(dir: string): Promise<readonly Migration[]> {
  const { migrations, problems } = await readMigrations(dir);
  if (problems.length > 0) throw problemsError(problems);
  return migrations;
}

/**
 * The same without judging: for commands that look at a folder (status, lint, repair) whatever state it is in.
 * @throws OrdersyncError `config` when there is no such folder.
 */
export async function readMigrations(dir: string): Promise<MigrationFolder> {
  const problems: FileProblem[] = [];
  const named: NamedFile[] = [];
  for (const path of await filesOf(dir)) {
    const file = path.normalize('NFC');
    const name = parseMigrationName(file);
    if (name.kind === 'wrong') problems.push({ file, message: name.message, hint: name.hint });
    else if (name.kind !== 'other') named.push({ path: join(dir, path), file, name });
  }
  const versions = groupByVersion(named);
  const read = await Promise.all(versions.map((files) => readVersion(files)));
  return {
    migrations: read.flatMap(({ migration }) => (migration === undefined ? [] : [migration])),
    problems: [...problems, ...read.flatMap((version) => version.problems)],
  };
}

type Named = Extract<MigrationName, { version: string }>;

interface NamedFile {
  readonly path: string;
  readonly file: string;
  readonly name: Named;
}

interface ReadVersion {
  readonly migration?: Migration;
  readonly problems: readonly FileProblem[];
}

async function filesOf(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    const message =
      code === 'ENOENT' ? `there is no migrations folder ${dir}` : `cannot read the folder ${dir} (${code})`;
    throw new OrdersyncError('config', message, {
      hint: 'name the folder with --migrations, or as migrationsDir in ordersync.config.json',
      cause: error,
    });
  }
}

function groupByVersion(files: readonly NamedFile[]): NamedFile[][] {
  const ordered = files.toSorted((left, right) => compareVersions(left.name.version, right.name.version));
  const groups: NamedFile[][] = [];
  for (const file of ordered) {
    const version = groups.at(-1)?.[0]?.name.version;
    if (version !== undefined && compareVersions(version, file.name.version) === 0) groups.at(-1)?.push(file);
    else groups.push([file]);
  }
  return groups;
}

async function readVersion(files: readonly NamedFile[]): Promise<ReadVersion> {
  const ups = files.filter(({ name }) => name.kind !== 'down');
  const downs = files.filter(({ name }) => name.kind === 'down');
  const [up] = ups;
  const [down] = downs;
  const problem = ups.length > 1 || downs.length > 1 ? duplicate(ups.length > 1 ? ups : downs) : pairProblem(up, down);
  if (problem !== undefined || up === undefined) return { problems: problem === undefined ? [] : [problem] };
  return up.name.kind === 'builder' ? readBuilder(up) : readSql(up, down);
}

function duplicate(files: readonly NamedFile[]): FileProblem {
  const [first, ...others] = files;
  const version = first?.name.version ?? '';
  const rest = others.map(({ file, name }) =>
    name.version === version ? file : `${file} (${name.version} is the same number)`,
  );
  return {
    file: first?.file ?? '',
    message: `version ${version} belongs to another file too: ${rest.join(', ')}`,
    hint: 'give one of them the next free number, if it has not been applied anywhere',
  };
}

/** The two halves of a pair carry one name: that is what tells a forgotten rename from a real pair. */
function pairProblem(up: NamedFile | undefined, down: NamedFile | undefined): FileProblem | undefined {
  if (down === undefined) return undefined;
  if (up === undefined) {
    const hint = `write ${baseOf(down.name)}.up.sql or delete the file`;
    return { file: down.file, message: 'a down file without its up file', hint };
  }
  if (up.name.kind === 'builder') {
    const hint = `a builder migration has its own down function; delete ${down.file}`;
    return { file: down.file, message: `a down file beside the builder migration ${up.file}`, hint };
  }
  if (baseOf(up.name) === baseOf(down.name)) return undefined;
  const message = `its up file has another name: ${up.file}`;
  return { file: down.file, message, hint: `rename it to ${baseOf(up.name)}.down.sql` };
}

function baseOf({ version, slug }: Named): string {
  return `${version}_${slug}`;
}

async function readBuilder({ path, file, name }: NamedFile): Promise<ReadVersion> {
  const decoded = decodeText(file, await readFile(path));
  if ('problem' in decoded) return { problems: [decoded.problem] };
  const { version, slug } = name;
  const checksum = checksumOf(decoded.text);
  return {
    migration: { kind: 'builder', version, description: descriptionOf(slug), upFile: path, checksum },
    problems: [],
  };
}

async function readSql(up: NamedFile, down: NamedFile | undefined): Promise<ReadVersion> {
  const upText = decodeText(up.file, await readFile(up.path));
  const downText = down === undefined ? undefined : decodeText(down.file, await readFile(down.path));
  const undecoded = [upText, downText].flatMap((text) =>
    text !== undefined && 'problem' in text ? [text.problem] : [],
  );
  if ('problem' in upText || (downText !== undefined && 'problem' in downText)) return { problems: undecoded };
  const upScript = parseScript(up.file, upText.text);
  const downScript = down === undefined || downText === undefined ? undefined : parseScript(down.file, downText.text);
  const migration: Migration = {
    kind: 'sql',
    version: up.name.version,
    description: descriptionOf(up.name.slug),
    upFile: up.path,
    ...(down === undefined ? {} : { downFile: down.path }),
    checksum: checksumOf(upText.text, downText?.text),
    up: upScript.script,
    ...(downScript === undefined ? {} : { down: downScript.script }),
  };
  return { migration, problems: [...upScript.problems, ...(downScript?.problems ?? [])] };
}
