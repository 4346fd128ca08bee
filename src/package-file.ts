import { existsSync } from 'node:fs';

/**
 * A file or folder of this package, by its path from the package's root. The root is looked for by its package.json,
 * because the code lies at several depths: src/…, compiled in dist/…, bundled in dist/program/.
 */
export function packageFile(path: string): URL {
  root ??= packageRoot();
  return new URL(path, root);
}

/** A fact that does not change, asked for several times by every start. */
let root: URL | undefined;

function packageRoot(): URL {
  let folder = new URL('.', import.meta.url);
  while (!existsSync(new URL('package.json', folder))) {
    const above = new URL('..', folder);
    if (above.href === folder.href) throw new Error(`no package.json above ${import.meta.url}`);
    folder = above;
  }
  return folder;
}
