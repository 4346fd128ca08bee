import { createHash } from 'node:crypto';

/**
 * What the ledger keeps of a migration: SHA-256, in hex, over the up file, one zero byte and the down file (none: nothing),
 * both in UTF-8 without byte order mark and with LF line ends, so that a checkout on Windows is the same migration.
 */
export function checksumOf(upText: string, downText = ''): string {
  return createHash('sha256').update(upText, 'utf8').update('\0').update(downText, 'utf8').digest('hex');
}
