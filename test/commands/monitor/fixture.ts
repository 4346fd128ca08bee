import { reportCommands } from '../../../src/domain/reports/catalog.ts';
import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import type { Answer, Row } from '../../support/answer.ts';

export type { Answer, Row };

/** `ordersync monitor …` in this process. */
export function monitor(
  url: string,
  words: string | readonly string[],
  options: Parameters<typeof run>[1] = {},
): Promise<Ran> {
  const argv = typeof words === 'string' ? words.split(' ') : words;
  return run(['monitor', ...argv], { ...options, env: { ORDERSYNC_DATABASE_URL: url, ...options.env } });
}

/** The same, as JSON. */
export async function answer(
  url: string,
  words: string | readonly string[],
): Promise<Answer & { readonly code: number }> {
  const argv = typeof words === 'string' ? words.split(' ') : words;
  const { code, stdout, stderr } = await monitor(url, [...argv, ...patience(argv), '--format', 'json']);
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as Answer) };
}

/** A section that runs out of its time cannot look; on a busy machine that says nothing about it. */
function patience(argv: readonly string[]): readonly string[] {
  return argv.some((word) => reportCommands('monitor').has(word)) ? ['--timeout', '10min'] : [];
}

/** Rows of one section of a command that has several. */
export function inSection({ data }: Answer, section: string): readonly Row[] {
  return data.filter((row) => row['section'] === section);
}

export function verdictOf({ verdicts = [] }: Answer, section: string): string | undefined {
  return verdicts.find((own) => own.section === section)?.verdict;
}
