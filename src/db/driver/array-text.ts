/**
 * PostgreSQL's text form of arrays, both ways: `{a,"b \" c",NULL,{1,2}}`, with lower bounds as in `[0:1]={a,b}`.
 * Source: PostgreSQL documentation, "Array Input and Output Syntax". `box` alone separates by ; and is not handled.
 */
export type ArrayItem<T> = T | null | readonly ArrayItem<T>[];

/** One element or bracket; a quoted element keeps its quotes so that "NULL" is not NULL. */
const TOKEN = /[{}]|"(?:\\[\s\S]|[^"\\])*"|[^{},"]+/g;

export function parseArray<T>(text: string, parseElement: (text: string) => T): ArrayItem<T>[] {
  const body = text.replace(/^\[[^=]*=/, '');
  const open: ArrayItem<T>[][] = [[]];
  for (const [token] of body.matchAll(TOKEN)) {
    if (token === '{') open.push([]);
    else if (token === '}') closeInner(open);
    else open.at(-1)?.push(token === 'NULL' ? null : parseElement(unquote(token)));
  }
  return (open[0]?.[0] ?? []) as ArrayItem<T>[];
}

export function formatArray(items: readonly unknown[], formatElement: (item: unknown) => string): string {
  const parts = items.map((item) => {
    if (item === null) return 'NULL';
    if (Array.isArray(item)) return formatArray(item, formatElement);
    return `"${formatElement(item).replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${parts.join(',')}}`;
}

function closeInner<T>(open: ArrayItem<T>[][]): void {
  const inner = open.pop();
  if (inner !== undefined) open.at(-1)?.push(inner);
}

function unquote(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replace(/\\([\s\S])/g, '$1') : token;
}
