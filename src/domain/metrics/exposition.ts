import type { Family, Sample } from './family.ts';

/** What Prometheus asks for: the text format, version 0.0.4. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Samples in the order of their families, each under its HELP and TYPE; a family without samples is left out. */
export function renderExposition(families: readonly Family[], samples: readonly Sample[]): string {
  const byName = new Map<string, Sample[]>();
  for (const one of samples) {
    const known = byName.get(one.family.name);
    if (known === undefined) byName.set(one.family.name, [one]);
    else known.push(one);
  }
  return families.map((family) => familyText(family, byName.get(family.name) ?? [])).join('');
}

function familyText({ name, type, help, labels }: Family, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const lines = samples.map((one) => `${name}${labelText(labels, one.labels)} ${one.value}`);
  return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

function labelText(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  return `{${names.map((name, index) => `${name}="${escapeLabel(values[index] ?? '')}"`).join(',')}}`;
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', String.raw`\"`);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
}
