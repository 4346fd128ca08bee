/** What a report needs of the server, the database or its role. `requires` and `when` of a header are made of these. */
export type Requirement =
  | { readonly kind: 'extension'; readonly name: string }
  | { readonly kind: 'setting'; readonly name: string; readonly operator?: '=' | '<>'; readonly value?: string }
  | { readonly kind: 'column'; readonly relation: string; readonly column: string }
  | { readonly kind: 'table'; readonly name: string }
  | { readonly kind: 'function'; readonly signature: string }
  | { readonly kind: 'role'; readonly name: string }
  | { readonly kind: 'server'; readonly major: number }
  | { readonly kind: 'primary' }
  | { readonly kind: 'standby' };

type Reader = (words: string) => Requirement | undefined;

const READERS: Readonly<Record<Requirement['kind'], Reader>> = {
  extension: (words) => named(words, /^[\w-]+$/, (name) => ({ kind: 'extension', name })),
  setting: readSetting,
  column: (words) =>
    named(words, /^\w+(\.\w+){1,2}$/, (path) => ({
      kind: 'column',
      relation: path.slice(0, path.lastIndexOf('.')),
      column: path.slice(path.lastIndexOf('.') + 1),
    })),
  table: (words) => named(words, /^\w+\.\w+$/, (name) => ({ kind: 'table', name })),
  function: (words) => named(words, /^\w+(\.\w+)?\(.*\)$/, (signature) => ({ kind: 'function', signature })),
  role: (words) => named(words, /^\w+$/, (name) => ({ kind: 'role', name })),
  server: (words) => named(words.replace(/^>= /, ''), /^\d+$/, (major) => ({ kind: 'server', major: Number(major) })),
  primary: (words) => (words === '' ? { kind: 'primary' } : undefined),
  standby: (words) => (words === '' ? { kind: 'standby' } : undefined),
};

/** `extension pg_stat_statements`, `setting track_counts = on`, `column pg_stat_io.read_bytes`; undefined for other words. */
export function parseRequirement(text: string): Requirement | undefined {
  const [kind = '', ...words] = text.split(' ');
  return isKind(kind) ? READERS[kind](words.join(' ')) : undefined;
}

function isKind(word: string): word is Requirement['kind'] {
  return Object.hasOwn(READERS, word);
}

function named(words: string, form: RegExp, make: (name: string) => Requirement): Requirement | undefined {
  return form.test(words) ? make(words) : undefined;
}

function readSetting(words: string): Requirement | undefined {
  const [, name, operator, value] = /^([\w.]+)(?: (=|<>) (\S+))?$/.exec(words) ?? [];
  if (name === undefined) return undefined;
  if (operator === undefined || value === undefined) return { kind: 'setting', name };
  return { kind: 'setting', name, operator: operator === '=' ? '=' : '<>', value };
}
