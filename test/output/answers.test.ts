import { describe, expect, it } from 'vitest';
import { nagiosFailure, nagiosStatus, renderNagios } from '../../src/output/nagios.ts';
import { renderJunit } from '../../src/output/junit.ts';
import type { Answer, Report } from '../../src/output/report.ts';

const answer = (severity: Answer['severity'], id: string, message = 'as it is'): Answer => ({
  id,
  title: `the title of ${id}`,
  group: 'sec',
  severity,
  message,
  details: ['fix (sql): select 1'],
  durationMs: 1500,
});
const report = (...answers: readonly Answer[]): Report => ({ command: 'check', columns: [], rows: [], answers });
const NOBODY = { server: null, collectedAt: new Date('2026-11-01T00:00:00Z') };

describe('nagios', () => {
  it.each([
    [[], 0],
    [['ok', 'skipped'], 0],
    [['ok', 'unknown'], 3],
    [['unknown', 'warning'], 1],
    [['warning', 'critical', 'unknown'], 2],
  ] as const)('%j ends with %i', (severities, status) => {
    expect(nagiosStatus(severities.map((severity) => answer(severity, 'sec.x')))).toBe(status);
  });

  it('names the worst ones on one line, and counts all behind the bar', () => {
    const bad = ['a', 'b', 'c', 'd'].map((name) => answer('critical', `sec.${name}`, `two\nlines | and a bar`));
    const [line, ...others] = [...renderNagios(report(...bad, answer('ok', 'sec.e')))];
    expect(others).toEqual([]);
    expect(line).toBe(
      'ORDERSYNC_CHECK CRITICAL: 4 of 5: sec.a: two lines / and a bar; sec.b: two lines / and a bar; ' +
        'sec.c: two lines / and a bar; 1 more | critical=4;;;0;5 warning=0;;;0;5 unknown=0;;;0;5 skipped=0;;;0;5 ok=1;;;0;5\n',
    );
  });

  it('says what kept it from looking', () => {
    expect(nagiosFailure('no\nserver | here')).toBe('ORDERSYNC UNKNOWN: no server / here\n');
  });
});

describe('junit', () => {
  it('is well-formed whatever a name holds', () => {
    const text = [
      ...renderJunit(report(answer('warning', 'sec.<x>', 'a "quoted" & <b>\u0000\u001b[31m')), NOBODY),
    ].join('');
    expect(text).toContain('name="sec.&lt;x&gt;: the title of sec.&lt;x&gt;" time="1.500"');
    expect(text).toContain('message="a &quot;quoted&quot; &amp; &lt;b&gt;"');
    // oxlint-disable-next-line no-control-regex -- XML has none of them
    expect(text).not.toMatch(/[\u0000-\u0008\u001b]/);
  });

  it('counts failures, errors and skipped', () => {
    const text = [
      ...renderJunit(report(answer('critical', 'a'), answer('unknown', 'b'), answer('skipped', 'c')), NOBODY),
    ].join('');
    expect(text).toContain('tests="3" failures="1" errors="1" skipped="1" timestamp="2026-11-01T00:00:00"');
    expect(text).toMatch(/<failure message="as it is" type="critical">fix \(sql\): select 1<\/failure>/);
    expect(text).toMatch(/<error message=.* type="unknown">/);
    expect(text).toMatch(/<skipped message="as it is">/);
  });
});
