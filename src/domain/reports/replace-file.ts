import { randomBytes } from 'node:crypto';
import { open, realpath, rename, unlink } from 'node:fs/promises';
import { OrdersyncError } from '../../errors.ts';

/**
 * Writes a file so that a reader sees the old one or the new one, whole: a new file beside it, flushed, then put in its
 * place. The new one has the mode that the user's umask gives. @throws OrdersyncError `config`
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await targetOf(path);
    // A name that no collector of text files takes: node_exporter reads *.prom.
    temporary = `${target}.${randomBytes(6).toString('hex')}.new`;
    const file = await open(temporary, 'wx', 0o666);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    temporary = undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OrdersyncError('config', `cannot write ${path}: ${code ?? 'unknown error'}; what was there stays`, {
      hint: 'name a file in a folder that is there and may be written to',
      cause: error,
    });
  } finally {
    if (temporary !== undefined) await removeIfThere(temporary);
  }
}

/** The file that a symbolic link leads to is replaced, and not the link. */
async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
