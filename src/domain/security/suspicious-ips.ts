import type { Context } from '../../context.ts';
import { kidOf } from '../../crypto/ciphertext.ts';
import { openValue } from '../../crypto/value.ts';
import type { Session } from '../../db/session.ts';
import { inSection } from '../checks/section.ts';
import { loadDatabaseKeys } from '../encryption/database-keys.ts';
import { requireRows } from './access.ts';
import type { SecurityFinding, SecurityReport } from './finding.ts';
import { maskAddress } from './mask.ts';
import type { BusyAddress } from './suspicious-ips-queries.ts';
import { countHashless, readBusyAddresses } from './suspicious-ips-queries.ts';

export interface SuspiciousIpsRequest {
  readonly sinceMs: number;
  /** Users from one address. */
  readonly users: number;
  /** Show the network of each address, decrypted in memory. */
  readonly decrypt: boolean;
  readonly limitMs: number;
}

/** Addresses that many users came from, found by the keyed hash of the address. */
export async function findSuspiciousIps(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  { sinceMs, users, decrypt, limitMs }: SuspiciousIpsRequest,
): Promise<SecurityReport> {
  await requireRows(session, ['audit_logs']);
  const { addresses, hashless } = await inSection(session, limitMs, async () => ({
    addresses: await readBusyAddresses(session.sql, sinceMs, users),
    hashless: await countHashless(session.sql, sinceMs),
  }));
  const networks = decrypt ? await networksOf(ctx, session, addresses) : undefined;
  return {
    findings: addresses.map((address, index) => findingOf(address, networks?.[index])),
    warnings: hashless === 0 ? [] : [`${hashless} audit rows have an address without its hash: they are not counted`],
  };
}

function findingOf(
  { ipHash, users, requests, firstAt, lastAt }: BusyAddress,
  network: string | undefined,
): SecurityFinding {
  const detail = `${requests} actions of ${users} users${network === undefined ? '' : `, from ${network}`}`;
  return { severity: 'critical', finding: 'busy_address', subject: ipHash, count: users, firstAt, lastAt, detail };
}

async function networksOf(
  ctx: Pick<Context, 'keys'>,
  session: Session,
  addresses: readonly BusyAddress[],
): Promise<string[]> {
  if (addresses.length === 0) return [];
  const keys = await loadDatabaseKeys(session.sql, () => ctx.keys());
  const keySet = await keys.keysFor(addresses.map(({ ciphertext }) => kidOf(ciphertext) ?? ''));
  return addresses.map(({ ciphertext, traceId }) => {
    const place = { table: 'audit_logs', column: 'ip_address_encrypted', rowId: traceId };
    const opened = openValue(keySet, place, ciphertext);
    if (!opened.ok) return 'an address that cannot be decrypted';
    const network = maskAddress(opened.plaintext.toString('utf8'));
    opened.plaintext.fill(0);
    return network;
  });
}
