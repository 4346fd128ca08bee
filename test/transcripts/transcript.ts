import { run } from '../support/io.ts';

export interface Scene {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Texts that differ from run to run, and what stands for them. */
  readonly masks: readonly (readonly [text: string, mask: string])[];
}

/** Runs command lines one after the other and writes down what a person would have seen: words, streams, exit code. */
export async function transcribe(scene: Scene, lines: readonly string[]): Promise<string> {
  const seen: string[] = [];
  for (const line of lines) {
    const { code, stdout, stderr } = await run(line.split(' '), { env: scene.env, cwd: scene.cwd });
    seen.push([`$ ordersync ${line}`, ...block('', stdout), ...block('2> ', stderr), `[exit ${code}]`].join('\n'));
  }
  return `${scene.masks.reduce((text, [from, mask]) => text.replaceAll(from, mask), masked(seen.join('\n\n')))}\n`;
}

function block(prefix: string, text: string): readonly string[] {
  if (text === '') return [];
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `${prefix}${line}`.trimEnd());
}

/**
 * What depends on the clock and the machine; columns keep their width, so that the table's shape is seen. Progress is left
 * out: a line comes every few seconds, and how many that makes is the machine's affair.
 */
function masked(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| UTC)?/g, (time) => '#'.repeat(time.length))
    .replaceAll(/( *)\b\d+(?:\.\d+)? m?s\b/g, (ms, blanks: string) =>
      '# ms'.padStart(blanks.length > 1 ? ms.length : blanks.length + 4),
    )
    .replaceAll(/^2> migrations: .*\n/gm, '')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'server');
}
