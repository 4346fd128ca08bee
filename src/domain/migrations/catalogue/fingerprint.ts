import { createHash } from 'node:crypto';
import type { Catalogue, CatalogueObject } from './model.ts';
import { compareText } from './identity.ts';

/**
 * SHA-256, hex, of a schema: equal for equal schemas on servers of one major version (between versions PostgreSQL words
 * definitions differently). How many partitions there are and what they are called does not matter, only in how many
 * ways partitions of one parent and bound shape differ. Extensions are left out: administrators add them, and down files
 * rightly leave them, so that the same schema would have several fingerprints.
 */
export function fingerprintOf(catalogue: Catalogue): string {
  const hash = createHash('sha256');
  const objects = catalogue.objects.filter(({ kind }) => kind !== 'extension');
  for (const line of [...objects.map(lineOf), ...shapesOf(catalogue)]) hash.update(`${line}\n`);
  return hash.digest('hex');
}

/** JSON keeps the three apart whatever characters they hold. */
function lineOf({ kind, identity, definition }: CatalogueObject): string {
  return JSON.stringify([kind, identity, definition]);
}

function shapesOf({ partitions }: Catalogue): string[] {
  const shapes = partitions.map(({ parent, bound, parts }) => JSON.stringify([parent, bound, parts.map(lineOf)]));
  return [...new Set(shapes)].toSorted(compareText);
}
