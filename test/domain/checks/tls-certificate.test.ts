import { describe, expect, test } from 'vitest';
import type { PresentedCertificate } from '../../../src/db/wire/certificates.ts';
import { certificateSightings } from '../../../src/domain/checks/tls-certificate.ts';
import { OrdersyncError } from '../../../src/errors.ts';

const NOW = Date.parse('2030-03-01T12:00:00Z');

function certificate(subject: string, validTo: string, more: Partial<PresentedCertificate> = {}): PresentedCertificate {
  return {
    subject,
    validFrom: Date.parse('2029-01-01T00:00:00Z'),
    validTo: Date.parse(validTo),
    selfSigned: false,
    ...more,
  };
}

function sightings(...chain: readonly PresentedCertificate[]) {
  return certificateSightings({ kind: 'certificates', chain }, NOW);
}

function evidenceOf(...chain: readonly PresentedCertificate[]): string | undefined {
  return sightings(...chain)[0]?.evidence;
}

describe('the certificate of a server', () => {
  test.each([
    ['2030-06-01T12:00:00Z', 'ok', 'ends on 2030-06-01, in 92 days'],
    ['2030-03-31T12:00:00Z', 'ok', 'in 30 days'],
    ['2030-03-31T11:59:00Z', 'warning', 'in 29 days'],
    ['2030-03-08T12:00:00Z', 'warning', 'in 7 days'],
    ['2030-03-08T11:59:00Z', 'critical', 'in 6 days'],
    ['2030-03-01T12:00:00Z', 'critical', 'ended on 2030-03-01'],
    ['2030-02-19T12:00:00Z', 'critical', 'ended on 2030-02-19, 10 days ago'],
  ])('that is good until %s is %s', (until, severity, words) => {
    const [sighting, ...others] = sightings(certificate('db', until));
    expect(sighting).toMatchObject({ severity, evidence: expect.stringContaining(words) });
    expect(sighting?.fix?.text ?? '').toMatch(severity === 'ok' ? /^$/ : /ssl_cert_file.*pg_reload_conf/);
    expect(others).toEqual([]);
  });

  test('that is not valid yet is critical', () => {
    const [sighting] = sightings(certificate('db', '2031-01-01', { validFrom: NOW + 1000 }));
    expect(sighting).toMatchObject({ severity: 'critical', evidence: expect.stringContaining('from 2030-03-01 on') });
  });

  test('says who issued it', () => {
    const own = certificate('db', '2031-01-01');
    expect(evidenceOf({ ...own, selfSigned: true })).toContain('self-signed');
    expect(evidenceOf(own)).toContain('the server sends no authority');
    expect(evidenceOf(own, certificate('Middle', '2031-01-01'), certificate('Root', '2031-01-01'))).toContain(
      'issued by Middle, which was issued by Root',
    );
  });

  test('is no better than the authorities that it comes with', () => {
    const found = sightings(certificate('db', '2031-01-01'), certificate('Middle', '2030-03-05'));
    expect(found.map(({ severity }) => severity)).toEqual(['ok', 'critical']);
    expect(found[1]?.evidence).toContain('the authority Middle ends on 2030-03-05');
  });
});

test.each([
  ['a Unix socket', { kind: 'unix socket' } as const, 'Unix socket'],
  ['a server without TLS', { kind: 'no tls' } as const, 'offers no TLS'],
  ['a handshake that failed', new OrdersyncError('connection', 'the TLS handshake failed', { hint: 'look' }), 'failed'],
])('%s is unknown, never ok', (_what, found, words) => {
  const answers = certificateSightings(found, NOW);
  expect(answers).toMatchObject([{ severity: 'unknown', evidence: expect.stringContaining(words) }]);
  expect(answers[0]?.fix).toBeDefined();
});
