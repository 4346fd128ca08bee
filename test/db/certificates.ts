import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate with its key, in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

export interface CertificateRequest {
  readonly name: string;
  /** Subject alternative names: host names and IPv4 addresses. */
  readonly hosts?: readonly string[];
  /** The authority that signs; without one the certificate signs itself and is an authority. */
  readonly issuer?: Certificate;
  readonly expired?: boolean;
  /** For how long it is good, from now on; by default 10. */
  readonly days?: number;
}

const DAY_MS = 86_400_000;

/**
 * An X.509 version 3 certificate on P-256, signed with SHA-256, written in DER here so that the tests need neither the
 * openssl program nor a library for certificates. Structure: RFC 5280, section 4.1.
 */
export function issueCertificate(request: CertificateRequest): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { name, issuer, expired = false, days = expired ? -1 : 10 } = request;
  const now = Date.now();
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    commonName(issuer?.name ?? name),
    sequence(utcTime(now - 10 * DAY_MS), utcTime(now + days * DAY_MS)),
    commonName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensionsOf(request))),
  );
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey);
  const whole = sequence(body, ECDSA_WITH_SHA256, element(0x03, Buffer.from([0]), signature));
  return {
    certificate: pem('CERTIFICATE', whole),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    name,
    privateKey,
  };
}

function extensionsOf({ hosts = [], issuer }: CertificateRequest): Buffer[] {
  const authority = sequence(
    oid('551d13'),
    element(0x01, Buffer.from([0xff])),
    octets(sequence(element(0x01, Buffer.from([0xff])))),
  );
  const names = hosts.map((host) =>
    isIPv4(host) ? element(0x87, Buffer.from(host.split('.').map(Number))) : element(0x82, Buffer.from(host)),
  );
  return [
    ...(issuer === undefined ? [authority] : []),
    ...(names.length > 0 ? [sequence(oid('551d11'), octets(sequence(...names)))] : []),
  ];
}

function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, ...parts);
}

function tagged(number: number, content: Buffer): Buffer {
  return element(0xa0 + number, content);
}

function integer(bytes: Buffer): Buffer {
  return element(0x02, bytes);
}

function octets(content: Buffer): Buffer {
  return element(0x04, content);
}

function oid(hex: string): Buffer {
  return element(0x06, Buffer.from(hex, 'hex'));
}

function commonName(name: string): Buffer {
  return sequence(element(0x31, sequence(oid('550403'), element(0x0c, Buffer.from(name)))));
}

/** YYMMDDHHMMSSZ */
function utcTime(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14);
  return element(0x17, Buffer.from(`${text}Z`));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
