import { counted } from '../../counted.ts';
import { runText } from '../../db/text.ts';
import type { Session } from '../../db/session.ts';
import type { TableName } from './table.ts';

interface DataCheck {
  /** What must hold; the message says it does not. */
  readonly promise: string;
  readonly tables: readonly TableName[];
  /** Returns one row with the number of offenders. */
  readonly text: string;
}

/** What must hold between the rows of a finished seed. */
const CHECKS: readonly DataCheck[] = [
  {
    promise: 'an order costs what its items cost',
    tables: ['orders', 'order_items'],
    text: `
      select count(*)::text as offenders
        from orders
        full join (select order_id, sum(quantity * unit_price) as subtotal from order_items group by order_id) items
          on items.order_id = orders.id
       where items.subtotal is distinct from orders.subtotal`,
  },
  {
    promise: 'the history of an order ends with its status, at its time',
    tables: ['orders', 'order_status_history'],
    text: `
      select count(*)::text as offenders
        from orders
        full join (
          select order_id,
                 count(*) as steps,
                 (array_agg(new_status order by created_at desc))[1] as status,
                 min(created_at) as first_at,
                 max(created_at) as last_at
            from order_status_history
           group by order_id
        ) history on history.order_id = orders.id
       where (history.steps, history.status, history.first_at)
               is distinct from (orders.version, orders.status, orders.created_at)
          or history.last_at is distinct from
               coalesce(cancelled_at, completed_at, ready_at, preparing_at, accepted_at, created_at)`,
  },
  {
    promise: 'a payment is of the amount of its order, is made after it, and has its key',
    tables: ['orders', 'payments'],
    text: `
      select count(*)::text as offenders
        from payments
        left join orders on orders.id = payments.order_id
        left join payment_order_keys keys on keys.payment_id = payments.id
       where payments.amount is distinct from orders.total_amount
          or payments.created_at < orders.created_at
          or keys.order_id is distinct from payments.order_id`,
  },
  {
    promise: 'what was captured and refunded by events agrees with payments and refunds',
    tables: ['payments', 'payment_events', 'payment_refunds'],
    text: `
      select count(*)::text as offenders
        from payments
        left join payment_current_state state on state.payment_id = payments.id
        left join (
          select payment_id, sum(amount) as amount from payment_refunds where status = 'PROCESSED' group by payment_id
        ) refunds on refunds.payment_id = payments.id
       where coalesce(state.captured_amount, 0) <> case payments.status when 'CAPTURED' then payments.amount else 0 end
          or coalesce(state.refunded_amount, 0) <> coalesce(refunds.amount, 0)`,
  },
];

/** Asks the checks whose tables were all loaded. @returns the promises that do not hold */
export async function readBrokenPromises(session: Session, loaded: ReadonlySet<TableName>): Promise<string[]> {
  const broken: string[] = [];
  for (const { promise, tables, text } of CHECKS) {
    if (!tables.every((table) => loaded.has(table))) continue;
    const [row] = await runText<{ offenders: string }>(session, text);
    if (row === undefined) throw new TypeError(`no answer to the check of "${promise}"`);
    if (row.offenders !== '0') broken.push(`${promise}: ${counted(row.offenders, 'row')} where it does not hold`);
  }
  return broken;
}
