import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useBuiltStores } from './built.ts';
import { useFolder } from './fixture.ts';

const built = useBuiltStores(['store/directory.ts']);
const folder = useFolder();

/** Writes objects of a mebibyte until one fails, and says how that failed and what is there then. */
const PROGRAM = `
  import { readdirSync } from 'node:fs';
  import { openDirectoryStore } from './store/directory.js';
  const [folder] = process.argv.slice(2);
  const store = await openDirectoryStore({ path: folder });
  const failure = async () => {
    for (let index = 0; index < 8; index += 1) {
      const upload = await store.upload('part-' + index);
      for (let piece = 0; piece < 256; piece += 1) await upload.write(Buffer.alloc((index + 1) * 4096));
      await upload.finish();
    }
  };
  const error = await failure().catch((error) => error);
  const { code, message, details } = error ?? {};
  const listed = [];
  for await (const { key, bytes } of store.list('')) listed.push([key, bytes]);
  process.stdout.write(JSON.stringify({ code, message, details, listed, files: readdirSync(folder).sort() }));`;

interface Said {
  readonly code: string;
  readonly message: string;
  readonly details: { readonly hint: string; readonly facts: Readonly<Record<string, unknown>> };
  readonly listed: readonly [string, number][];
  readonly files: readonly string[];
}

/** A disk of three mebibytes where this process may mount one, else a limit of file sizes: to a writer the same. */
function littleRoom(): { readonly under: string; readonly systemErrors: readonly string[] } {
  const mount = 'mount -t tmpfs -o size=3m none';
  for (const namespace of ['unshare -m', 'unshare -Urm']) {
    const tried = spawnSync('/bin/sh', ['-c', `${namespace} sh -c '${mount} "$0"' ${folder.path}`]);
    if (tried.status !== 0) continue;
    const inside = `${mount} ${folder.path} && exec "$@"`;
    return { under: `exec ${namespace} sh -c '${inside}' sh "$@"`, systemErrors: ['ENOSPC'] };
  }
  return { under: 'ulimit -f 4096; exec "$@"', systemErrors: ['EFBIG'] };
}

test.each(['a full disk', 'a limit of file sizes'])(
  '%s is named, nothing half-written stays, and what was finished does',
  async (what) => {
    const room =
      what === 'a full disk' ? littleRoom() : { under: 'ulimit -f 4096; exec "$@"', systemErrors: ['EFBIG'] };
    const { stdout } = await built.run(PROGRAM, { args: [folder.path], under: room.under });
    const said = JSON.parse(stdout) as Said;
    expect(said).toMatchObject({ code: 'connection', details: { facts: { reason: 'no_space' } } });
    expect(said.message).toMatch(new RegExp(`^no space is left to write ${folder.path}/part-\\d$`, 'u'));
    expect(said.details.hint).toContain('make room on that disk');
    expect(room.systemErrors).toContain(said.details.facts['system_error']);
    expect(said.listed.length).toBeGreaterThanOrEqual(1);
    expect(said.listed).toEqual(said.listed.map((_, index) => [`part-${index}`, (index + 1) * 1024 * 1024]));
    expect(said.files).toEqual(said.listed.map(([key]) => key));
  },
);

test('a directory that may not be written is found out by probing, before anything is exported', async () => {
  chmodSync(folder.path, 0o555);
  const program = `
    import { openDirectoryStore } from './store/directory.js';
    const store = await openDirectoryStore({ path: process.argv[2] });
    const { code, message, details } = await store.probe().catch((error) => error);
    process.stdout.write(JSON.stringify({ code, message, reason: details.facts.reason }));`;
  // Nothing is forbidden to root: as nobody then.
  const uid = process.geteuid?.() === 0 ? { uid: 65_534 } : {};
  const { stdout } = await built.run(program, { args: [folder.path], ...uid });
  chmodSync(folder.path, 0o700);
  expect(JSON.parse(stdout)).toEqual({
    code: 'permission',
    reason: 'access_denied',
    message: `may not open or write ${folder.path}/probe`,
  });
  expect(readdirSync(folder.path)).toEqual([]);
});
