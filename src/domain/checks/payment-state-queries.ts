import type { Sql } from '../../db/session.ts';

export interface StalePayments {
  readonly payments: number;
  /** When the first event came that the view lacks, in milliseconds since 1970; null without one. */
  readonly since: number | null;
}

/** False after a REFRESH … WITH NO DATA, or a restore that left it out: reading it is an error then. */
export async function isPopulated(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ populated: boolean }[]>`
    select relispopulated as populated from pg_catalog.pg_class where oid = 'public.payment_current_state'::regclass`;
  return row?.populated === true;
}

/** Payments that the view shows in another state than their events, although nothing has happened to them for half an hour. */
export async function readStalePayments(sql: Sql): Promise<StalePayments> {
  const [row] = await sql<StalePayments[]>`
    select count(*)::double precision as payments,
           extract(epoch from min(events.last_at))::double precision * 1000 as since
      from (
        select payment_id,
               coalesce(sum(amount) filter (where event_type = 'CAPTURED'), 0) as captured,
               coalesce(sum(amount) filter (where event_type = 'REFUNDED'), 0) as refunded,
               max(created_at) as last_at
          from public.payment_events
         group by payment_id) events
      left join public.payment_current_state state on state.payment_id = events.payment_id
     where events.last_at < now() - interval '30 minutes'
       and (state.captured_amount, state.refunded_amount) is distinct from (events.captured, events.refunded)`;
  return row ?? { payments: 0, since: null };
}
