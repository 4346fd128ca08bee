import { renameSync, rmSync } from 'node:fs';

/**
 * Moves the folder `from` to `to`, in place of what is there. Other processes may do the same at once: each of them succeeds,
 * and `to` is a whole folder of one of them. The old one is moved away in one step before it is deleted: deleting it where it
 * is would show half a folder to readers, and leaves time for somebody else's folder to get in the way of the move.
 */
export function replaceFolder(from, to) {
  const old = `${from}-old`;
  do {
    moved(to, old, 'ENOENT');
    rmSync(old, { recursive: true, force: true });
  } while (!moved(from, to, 'ENOTEMPTY', 'EEXIST')); // somebody else's folder has come in between
}

/** False when that fails in one of these ways. */
function moved(from, to, ...codes) {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (codes.includes(error.code)) return false;
    throw error;
  }
}
