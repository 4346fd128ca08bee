import { isoTime } from '../calendar.ts';
import { makeOrder } from '../order.ts';
import type { Payment } from '../payment.ts';
import { hex, uuidV4 } from '../random.ts';
import type { Random } from '../random.ts';
import type { SeedRow, SeedTable } from '../table.ts';
import { blind } from '../table.ts';

/** The trigger on payments writes payment_order_keys. */
export const payments: SeedTable = {
  name: 'payments',
  columns: [
    'id',
    'order_id',
    'amount',
    'fee',
    'net_amount',
    'payment_method',
    'external_id_encrypted',
    'external_id_hash',
    'card_info_encrypted',
    'status',
    'created_at',
    'authorized_at',
    'captured_at',
    'failed_at',
    'version',
  ],
  needs: ['orders'],
  unitsOf: ({ volumes }) => volumes.orders,
  rowsOf: (world, index) => {
    const { id, payment } = makeOrder(world, index);
    return payment === null ? [] : [paymentRow(id, payment)];
  },
};

function paymentRow(orderId: string, payment: Payment): SeedRow {
  const timeOf = (status: Payment['status']): string | null => {
    const at = payment.changes.find((change) => change.status === status)?.at;
    return at === undefined ? null : isoTime(at);
  };
  return {
    id: payment.id,
    order_id: orderId,
    amount: payment.amount,
    fee: payment.fee,
    net_amount: payment.amount - payment.fee,
    payment_method: payment.method,
    external_id_encrypted: payment.externalId,
    external_id_hash: blind('external_id', payment.externalId),
    card_info_encrypted: payment.card,
    status: payment.status,
    created_at: isoTime(payment.at),
    authorized_at: timeOf('AUTHORIZED'),
    captured_at: timeOf('CAPTURED'),
    failed_at: timeOf('FAILED'),
    version: payment.changes.length + 1,
  };
}

/** Every authorisation, capture, cancellation and processed refund; a failed payment has none. */
export const paymentEvents: SeedTable = {
  name: 'payment_events',
  columns: ['id', 'payment_id', 'event_type', 'amount', 'event_data_encrypted', 'created_at'],
  needs: ['payments'],
  unitsOf: ({ volumes }) => volumes.orders,
  rowsOf: (world, index) => {
    const { payment } = makeOrder(world, index);
    if (payment === null) return [];
    const random = world.random('payment events', index);
    return eventsOf(payment).map((event) => eventRow(random, payment, event));
  },
};

interface PaymentEvent {
  readonly type: string;
  readonly amount: number;
  readonly at: number;
}

export function eventsOf({ amount, changes, refund }: Payment): PaymentEvent[] {
  const events = changes
    .filter(({ status }) => status !== 'FAILED')
    .map(({ status, at }) => ({ type: status, amount, at }));
  if (refund?.status !== 'PROCESSED' || refund.processedAt === null) return events;
  return [...events, { type: 'REFUNDED', amount: refund.amount, at: refund.processedAt }];
}

function eventRow(random: Random, payment: Payment, { type, amount, at }: PaymentEvent): SeedRow {
  const id = uuidV4(random);
  const data = { provider_id: payment.externalId, result: 'OK', reference: hex(random, 2) };
  return {
    id,
    payment_id: payment.id,
    event_type: type,
    amount,
    event_data_encrypted: JSON.stringify(data),
    created_at: isoTime(at),
  };
}

export const paymentRefunds: SeedTable = {
  name: 'payment_refunds',
  columns: [
    'id',
    'payment_id',
    'amount',
    'reason_encrypted',
    'external_refund_id_encrypted',
    'status',
    'created_at',
    'processed_at',
  ],
  needs: ['payments'],
  unitsOf: ({ volumes }) => volumes.orders,
  rowsOf: (world, index) => {
    const { payment } = makeOrder(world, index);
    if (payment === null || payment.refund === null) return [];
    const { id, amount, reason, externalId, status, at, processedAt } = payment.refund;
    return [
      {
        id,
        payment_id: payment.id,
        amount,
        reason_encrypted: reason,
        external_refund_id_encrypted: status === 'PROCESSED' ? externalId : null,
        status,
        created_at: isoTime(at),
        processed_at: processedAt === null ? null : isoTime(processedAt),
      },
    ];
  },
};
