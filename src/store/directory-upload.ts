import { createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { link, mkdir, open, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { during, flushFolder, hasCode } from './directory-files.ts';
import { TEMPORARY_SUFFIX } from './object-key.ts';
import type { SentObject, Upload } from './store.ts';
import { alreadyThere, storeError } from './store-error.ts';

export interface NewFile {
  readonly root: string;
  readonly location: string;
  readonly key: string;
  readonly file: string;
  readonly ifAbsent: boolean;
}

/** Writes beside the file's place, so that it can be put there in one step, on the same file system. */
export async function startFile(target: NewFile): Promise<Upload> {
  await makeFolders(target.root, path.dirname(target.file));
  const { dir, base } = path.parse(target.file);
  const temporary = path.join(dir, `.${base}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`);
  const handle = await during(target.file, () => open(temporary, 'wx', 0o600));
  return new FileUpload(target, temporary, handle);
}

/** A file that is being written; after any failure there is nothing of it left. */
class FileUpload implements Upload {
  readonly #target: NewFile;
  readonly #temporary: string;
  readonly #hash = createHash('sha256');
  #handle: FileHandle | undefined;
  #bytes = 0;

  constructor(target: NewFile, temporary: string, handle: FileHandle) {
    this.#target = target;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  async write(piece: Uint8Array): Promise<void> {
    const handle = this.#opened();
    await this.#orAbandon(async () => {
      // The system may take less than it is given, a full disk above all.
      for (let done = 0; done < piece.length;) {
        const { bytesWritten } = await handle.write(piece, done, piece.length - done);
        done += bytesWritten;
      }
    });
    this.#hash.update(piece);
    this.#bytes += piece.length;
  }

  async finish(): Promise<SentObject> {
    const handle = this.#opened();
    const { key, file } = this.#target;
    await this.#orAbandon(async () => {
      // The mode given to open is cut by the umask; this one is not.
      await handle.chmod(0o600);
      await handle.sync();
      await handle.close();
      this.#handle = undefined;
      await this.#put();
      await flushFolder(path.dirname(file));
    });
    return { key, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async abandon(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    // Whatever keeps it from going away is told by nobody here: sweep finds it, and says why it cannot.
    await handle?.close().catch(() => undefined);
    await unlink(this.#temporary).catch(() => undefined);
  }

  /** `rename` replaces what is there; `link` does not. */
  async #put(): Promise<void> {
    const { file, location, key, ifAbsent } = this.#target;
    if (!ifAbsent) return rename(this.#temporary, file);
    await link(this.#temporary, file).catch((error: unknown) => {
      throw hasCode(error, 'EEXIST') ? alreadyThere(location, key) : error;
    });
    return unlink(this.#temporary);
  }

  #opened(): FileHandle {
    if (this.#handle === undefined) throw new TypeError(`the upload of ${this.#target.key} has ended`);
    return this.#handle;
  }

  async #orAbandon(work: () => Promise<void>): Promise<void> {
    try {
      await during(this.#target.file, work);
    } catch (error) {
      await this.abandon();
      throw hasCode(error, 'ENOENT') ? takenAway(this.#target) : error;
    }
  }
}

/** Each new folder is flushed into the one that holds it, or a power cut could take it away with what is in it. */
async function makeFolders(root: string, folder: string): Promise<void> {
  const first = await during(folder, () => mkdir(folder, { recursive: true, mode: 0o700 })).catch((error: unknown) => {
    if (!hasCode(error, 'EEXIST', 'ENOTDIR')) throw error;
    throw storeError('config', 'no_directory', `there is a file in the way of the folder ${folder}`, {
      hint: 'move it out of the directory of the archive',
      facts: { path: folder },
    });
  });
  if (first === undefined) return;
  for (let parent = path.dirname(folder); parent.length >= root.length; parent = path.dirname(parent)) {
    await flushFolder(parent);
    if (parent === path.dirname(first)) return;
  }
}

function takenAway({ file, key }: NewFile) {
  return storeError('connection', 'failed', `the unfinished file of ${key} was taken away`, {
    hint: 'another command may have swept the archive, or its disk was unmounted; run again',
    facts: { path: file },
  });
}
