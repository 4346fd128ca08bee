import type { Sql } from '../../db/session.ts';

export interface BusyAddress {
  readonly ipHash: string;
  readonly users: number;
  readonly requests: number;
  readonly firstAt: string;
  readonly lastAt: string;
  /** One of its rows: the ciphertext, and the trace id that it is bound to. */
  readonly traceId: string;
  readonly ciphertext: string;
}

const ISO = 'YYYY-MM-DD"T"HH24:MI:SS"Z"';

/** Addresses that so many users came from. Equal addresses have equal hashes; their ciphertexts are all different. */
export function readBusyAddresses(sql: Sql, sinceMs: number, users: number): Promise<BusyAddress[]> {
  return sql<BusyAddress[]>`
    select ip_hash as "ipHash",
           count(distinct user_id)::double precision as users,
           count(*)::double precision as requests,
           to_char(min(created_at) at time zone 'UTC', ${ISO}) as "firstAt",
           to_char(max(created_at) at time zone 'UTC', ${ISO}) as "lastAt",
           (array_agg(trace_id order by created_at desc))[1] as "traceId",
           (array_agg(ip_address_encrypted order by created_at desc))[1] as ciphertext
      from public.audit_logs
     where ip_hash is not null
       and created_at > now() - ${sinceMs}::double precision * interval '1 millisecond'
     group by ip_hash
    having count(distinct user_id) >= ${users}
     order by 3 desc, ip_hash
     limit 1000`;
}

/** Rows with an address and without its hash, which no group contains. */
export async function countHashless(sql: Sql, sinceMs: number): Promise<number> {
  const [row] = await sql<{ rows: number }[]>`
    select count(*)::double precision as rows
      from public.audit_logs
     where ip_hash is null
       and ip_address_encrypted <> 'none'
       and created_at > now() - ${sinceMs}::double precision * interval '1 millisecond'`;
  return row?.rows ?? 0;
}
