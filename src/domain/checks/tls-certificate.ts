import type { PresentedCertificate, ServerCertificates } from '../../db/wire/certificates.ts';
import { OrdersyncError } from '../../errors.ts';
import type { Check, Fix, Look, Sighting } from './check.ts';
import { ok } from './check.ts';

const DAY_MS = 86_400_000;
const WARN_DAYS = 30;
const CRITICAL_DAYS = 7;
const PATIENCE_MS = 10_000;

export const TLS_CERTIFICATE_CHECK: Check = {
  id: 'sec.tls-certificate',
  title: "the server's certificate is good for another month",
  box: '보안: SSL/TLS 설정 완료',
  profiles: ['pre-deploy', 'oncall', 'daily'],
  expected: `the certificate, and every authority that the server sends with it, is valid for more than ${WARN_DAYS} days`,
  why: 'from the day it ends every client that verifies it is refused, and who switches that off can be listened to',
  requires: [],
  look: async (look) => certificateSightings(await presented(look), look.clock.now().getTime()),
};

const RENEW: Fix = {
  kind: 'doc',
  text: "have a new certificate issued, put it and its key in place of the server's ssl_cert_file and ssl_key_file, then: select pg_reload_conf()",
};

/** A handshake of its own: what clients are shown, whatever lies in the file that the server has not read again. */
async function presented({ session, limitMs, signal }: Look): Promise<ServerCertificates | OrdersyncError> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.min(limitMs, PATIENCE_MS))]);
  try {
    return await session.certificates(limit);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OrdersyncError) return error;
    if (!limit.aborted) throw error;
    return new OrdersyncError('connection', 'the server did not answer in time when it was asked for TLS');
  }
}

/** @param now milliseconds since 1970 */
export function certificateSightings(found: ServerCertificates | OrdersyncError, now: number): Sighting[] {
  if (found instanceof OrdersyncError) {
    return [unknown(found.message, found.details.hint ?? 'look for the handshake in the log of the server')];
  }
  if (found.kind === 'unix socket') {
    return [
      unknown('this connection is a Unix socket, which has no TLS', 'check over TCP, as clients connect: --host'),
    ];
  }
  const [own, ...authorities] = found.kind === 'no tls' ? [] : found.chain;
  if (own === undefined) {
    return [unknown('the server offers no TLS', 'switch ssl on with a certificate, as in sql/config/postgresql.conf')];
  }
  return [
    judge(own, `the certificate of ${own.subject}`, now, `; ${issuanceOf(own, authorities)}`),
    // What is good for longer than the server's own needs no line.
    ...authorities
      .map((authority) => judge(authority, `the authority ${authority.subject}`, now, ''))
      .filter(({ severity }) => severity !== 'ok'),
  ];
}

function judge({ validFrom, validTo }: PresentedCertificate, name: string, now: number, note: string): Sighting {
  const days = Math.floor((validTo - now) / DAY_MS);
  if (validTo <= now) return bad('critical', `${name} ended on ${dayOf(validTo)}, ${-days} days ago${note}`);
  if (validFrom > now) return bad('critical', `${name} is valid from ${dayOf(validFrom)} on only${note}`);
  const evidence = `${name} ends on ${dayOf(validTo)}, in ${days} days${note}`;
  if (days < CRITICAL_DAYS) return bad('critical', evidence);
  return days < WARN_DAYS ? bad('warning', evidence) : ok(evidence);
}

function issuanceOf({ selfSigned }: PresentedCertificate, authorities: readonly PresentedCertificate[]): string {
  if (selfSigned) return 'self-signed: clients can verify it only by a copy of itself';
  const [issuer] = authorities;
  return issuer === undefined
    ? 'the server sends no authority with it'
    : `issued by ${authorities.map(({ subject }) => subject).join(', which was issued by ')}`;
}

function bad(severity: 'warning' | 'critical', evidence: string): Sighting {
  return { severity, evidence, fix: RENEW };
}

function unknown(evidence: string, text: string): Sighting {
  return { severity: 'unknown', evidence, fix: { kind: 'doc', text } };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
