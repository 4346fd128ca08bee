import { readFileSync } from 'node:fs';

/** The version in package.json, which lies one folder above src and dist alike. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version; // our own manifest, checked at packing
}
