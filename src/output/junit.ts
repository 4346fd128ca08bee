import type { Provenance, Report, Answer } from './report.ts';
import { withoutEscapes } from './sanitize.ts';

/**
 * The XML that build servers show as tests: what is critical or a warning has failed, what could not be looked at is an
 * error, what is waived is skipped.
 */
export function* renderJunit({ command, answers = [] }: Report, { collectedAt }: Provenance): Generator<string> {
  const count = (...severities: readonly Answer['severity'][]): number =>
    answers.filter(({ severity }) => severities.includes(severity)).length;
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield (
    `<testsuite name="ordersync ${escaped(command)}" tests="${answers.length}" failures="${count('critical', 'warning')}" ` +
    `errors="${count('unknown')}" skipped="${count('skipped')}" timestamp="${collectedAt.toISOString().slice(0, 19)}">\n`
  );
  for (const answer of answers) yield testCase(answer);
  yield '</testsuite>\n';
}

const ELEMENTS: Readonly<Record<Answer['severity'], string | undefined>> = {
  critical: 'failure',
  warning: 'failure',
  unknown: 'error',
  skipped: 'skipped',
  ok: undefined,
};

function testCase({ id, title, group, severity, message, details, durationMs }: Answer): string {
  const head = `  <testcase classname="${escaped(group)}" name="${escaped(`${id}: ${title}`)}" time="${(durationMs / 1000).toFixed(3)}"`;
  const element = ELEMENTS[severity];
  if (element === undefined) return `${head}/>\n`;
  const type = element === 'skipped' ? '' : ` type="${severity}"`;
  return `${head}>\n    <${element} message="${escaped(message)}"${type}>${escaped(details.join('\n'))}</${element}>\n  </testcase>\n`;
}

// XML 1.0 has no way at all to write the other control characters.
// oxlint-disable-next-line no-control-regex -- they are what has to go
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function escaped(text: string): string {
  return withoutEscapes(text)
    .replaceAll(FORBIDDEN, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
