import { replaceFile } from '../domain/reports/replace-file.ts';
import type { Page, Provenance } from '../output/report.ts';
import type { Io } from './io.ts';
import { writeAll } from './io.ts';

/** Writes a page to its file, whole or not at all; without one it takes the place of the table on stdout. */
export async function presentPage(
  io: Io,
  page: Page,
  { provenance, format }: { readonly provenance: Provenance; readonly format: string },
): Promise<void> {
  if (page.file === undefined && format !== 'table') return;
  const { renderPage } = await import('../output/page/page.ts');
  const html = renderPage(page, provenance);
  if (page.file === undefined) await writeAll(io.stdout, [html]);
  else await replaceFile(page.file, html);
}
