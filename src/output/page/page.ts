import { createHash } from 'node:crypto';
import type { Chapter, Page, PageSection, Provenance, SectionVerdict } from '../report.ts';
import { humanTime } from '../units.ts';
import { escapeHtml } from './escape.ts';
import { advice, badge, chapterVerdict, renderChapter } from './section.ts';
import { STYLE } from './style.ts';

/**
 * One file of HTML that asks for nothing: no script, no font, no image. Its policy forbids all of that, so that nothing
 * a database holds could become one.
 */
export function renderPage({ title, chapters }: Page, provenance: Provenance): string {
  const policy = `default-src 'none'; style-src 'sha256-${digestOf(STYLE)}'; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">\n`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n',
    `<title>${escapeHtml(titleOf(title, provenance))}</title>\n<style>${STYLE}</style>\n</head>\n<body>\n`,
    renderHeader(title, chapters, provenance),
    '<main>\n',
    renderActions(chapters),
    ...chapters.map(renderChapter),
    renderUnknowns(chapters),
    '</main>\n</body>\n</html>\n',
  ].join('');
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

function titleOf(title: string, { server }: Provenance): string {
  return server === null ? title : `${title}: ${server.database}`;
}

function renderHeader(title: string, chapters: readonly Chapter[], provenance: Provenance): string {
  const { server, collectedAt } = provenance;
  const facts: Readonly<Record<string, string>> =
    server === null
      ? {}
      : { PostgreSQL: server.version, server: server.address, database: server.database, role: server.role };
  const items = Object.entries({ ...facts, 'looked at': humanTime(`${collectedAt.toISOString().slice(0, 19)}Z`) });
  const links = chapters.map(
    (chapter) => `<a href="#${escapeHtml(chapter.name)}">${linkText(chapter.name, chapterVerdict(chapter))}</a>`,
  );
  return [
    `<header>\n<h1>${escapeHtml(titleOf(title, provenance))}</h1>\n`,
    `<ul class="facts">${items.map(([name, value]) => `<li>${name} <b>${escapeHtml(value)}</b></li>`).join('')}</ul>\n`,
    renderCounts(chapters),
    `<nav>${links.join('')}</nav>\n</header>\n`,
  ].join('');
}

function linkText(name: string, verdict: string | undefined): string {
  return verdict === undefined ? escapeHtml(name) : `<span class="verdict ${verdict}"></span>${escapeHtml(name)}`;
}

function renderCounts(chapters: readonly Chapter[]): string {
  const verdicts = chapters.flatMap(({ sections }) => sections.flatMap(verdictsOf)).map(({ verdict }) => verdict);
  const counts = (['critical', 'warning', 'unknown', 'ok'] as const).map((verdict) => {
    const count = verdicts.filter((own) => own === verdict).length;
    return `<div class="count"><b class="${count === 0 ? 'dim' : verdict}">${count}</b>${verdict}</div>`;
  });
  return `<div class="counts">${counts.join('')}</div>\n`;
}

/** What a section says of itself, or of each thing that it has looked at. */
function verdictsOf({ findings, verdict }: PageSection): readonly SectionVerdict[] {
  return findings ?? (verdict === undefined ? [] : [verdict]);
}

/** Everything of one verdict, with the chapter that it is in. */
function judged(chapters: readonly Chapter[], wanted: SectionVerdict['verdict']) {
  return chapters.flatMap(({ name, sections }) =>
    sections.flatMap((section) =>
      verdictsOf(section).flatMap((verdict) => (verdict.verdict === wanted ? [{ name, verdict }] : [])),
    ),
  );
}

/** What is wrong, worst first, each with its fix. */
function renderActions(chapters: readonly Chapter[]): string {
  const found = (['critical', 'warning'] as const).flatMap((wanted) => judged(chapters, wanted));
  const items = found.map(
    ({ name, verdict }) =>
      `<li>${badge(verdict.verdict)} <a href="#${escapeHtml(name)}">${escapeHtml(sectionName(name, verdict.section))}</a>${advice(verdict)}</li>`,
  );
  const text =
    items.length === 0
      ? '<p class="dim">nothing: no report that could look has a warning</p>'
      : `<ul class="todo">${items.join('')}</ul>`;
  return `<section class="card"><h2>What to do</h2>${text}</section>\n`;
}

function sectionName(chapter: string, section: string): string {
  return chapter === section ? chapter : `${chapter}: ${section}`;
}

/** Not green: nobody has looked. */
function renderUnknowns(chapters: readonly Chapter[]): string {
  const unknown = judged(chapters, 'unknown');
  if (unknown.length === 0) return '';
  const items = unknown.map(
    ({ name, verdict }) =>
      `<li>${badge('unknown')} ${escapeHtml(sectionName(name, verdict.section))}${advice(verdict)}</li>`,
  );
  return `<section class="card" id="unknown"><h2>What could not be judged, and why</h2><ul class="todo">${items.join('')}</ul></section>\n`;
}
