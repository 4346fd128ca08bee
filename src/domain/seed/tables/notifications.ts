import { isoTime, monthStart } from '../calendar.ts';
import { contactOf } from '../contact.ts';
import type { Order } from '../order.ts';
import { makeOrder, reachedAt } from '../order.ts';
import type { Random } from '../random.ts';
import { chance, fraction, hex, uuidV4 } from '../random.ts';
import type { SeedRow, SeedTable } from '../table.ts';
import { restaurantId, userId } from '../world.ts';
import type { World } from '../world.ts';

type Channel = 'EMAIL' | 'SMS' | 'PUSH' | 'WEBSOCKET';

interface Template {
  readonly name: string;
  readonly type: Channel;
  readonly title: string;
  readonly content: string;
}

const TEMPLATES: readonly Template[] = [
  { name: 'order_new', type: 'WEBSOCKET', title: '새 주문', content: '새 주문 {{number}}이(가) 들어왔습니다' },
  { name: 'order_accepted', type: 'PUSH', title: '주문 접수', content: '주문 {{number}}이(가) 접수되었습니다' },
  { name: 'order_ready', type: 'PUSH', title: '준비 완료', content: '주문 {{number}}이(가) 준비되었습니다' },
  {
    name: 'order_cancelled',
    type: 'SMS',
    title: '주문 취소',
    content: '[OrderSync] 주문 {{number}}이(가) 취소되었습니다',
  },
  { name: 'receipt', type: 'EMAIL', title: '영수증', content: '주문 {{number}}: {{amount}}원을 결제하셨습니다' },
  { name: 'refund', type: 'EMAIL', title: '환불 완료', content: '주문 {{number}}의 환불이 처리되었습니다' },
];

export const notificationTemplates: SeedTable = {
  name: 'notification_templates',
  columns: [
    'id',
    'name',
    'type',
    'title_template_encrypted',
    'content_template_encrypted',
    'variables',
    'is_active',
    'created_at',
    'updated_at',
  ],
  needs: [],
  unitsOf: () => TEMPLATES.length,
  rowsOf: (world, index) => TEMPLATES.slice(index, index + 1).map((template) => templateRow(world, index, template)),
};

function templateRow(world: World, index: number, { name, type, title, content }: Template): SeedRow {
  const createdAt = isoTime(monthStart(new Date(world.span.start), -18));
  return {
    id: templateId(world, index),
    name,
    type,
    title_template_encrypted: title,
    content_template_encrypted: content,
    variables: JSON.stringify([...content.matchAll(/\{\{(\w+)\}\}/gu)].map(([, variable]) => variable)),
    is_active: true,
    created_at: createdAt,
    updated_at: createdAt,
  };
}

function templateId(world: World, index: number): string {
  return uuidV4(world.random('notification template', index));
}

/** The restaurant hears of every order; a registered customer hears how it goes on, and gets a receipt now and then. */
export const notificationLogs: SeedTable = {
  name: 'notification_logs',
  columns: [
    'id',
    'template_id',
    'recipient_id',
    'recipient_info_encrypted',
    'type',
    'status',
    'content_encrypted',
    'sent_at',
    'delivered_at',
    'error_message',
    'created_at',
  ],
  needs: ['notification_templates', 'users'],
  unitsOf: ({ volumes }) => volumes.orders,
  rowsOf: (world, index) => {
    const random = world.random('notification', index);
    const order = makeOrder(world, index);
    return messagesUntil(world, random, order).map((message) => messageRow(world, random, { order, message }));
  },
};

/** How many rows an order has here. */
export function countMessages(world: World, order: Order): number {
  return messagesUntil(world, world.random('notification', order.index), order).length;
}

function messagesUntil(world: World, random: Random, order: Order): Message[] {
  return messagesOf(random, order).filter(({ at }) => at <= world.span.until);
}

interface Message {
  readonly template: string;
  readonly at: number;
  readonly recipient: number;
}

const RECEIPT_SHARE = 0.25;
const SECOND = 1000;

function messagesOf(random: Random, { at, owner, customer, steps, payment }: Order): Message[] {
  const messages: Message[] = [{ template: 'order_new', at: at + SECOND, recipient: owner }];
  const tell = (template: string, time: number | null | undefined): void => {
    if (customer !== null && time !== null && time !== undefined)
      messages.push({ template, at: time + SECOND, recipient: customer });
  };
  const ready = reachedAt(steps, 'READY');
  tell(ready === undefined ? 'order_accepted' : 'order_ready', ready ?? reachedAt(steps, 'ACCEPTED'));
  tell('order_cancelled', reachedAt(steps, 'CANCELLED'));
  const captured = payment?.changes.find(({ status }) => status === 'CAPTURED')?.at;
  if (chance(random, RECEIPT_SHARE)) tell('receipt', captured);
  tell('refund', payment?.refund?.processedAt);
  return messages;
}

interface Sending {
  readonly order: Order;
  readonly message: Message;
}

function messageRow(world: World, random: Random, { order, message }: Sending): SeedRow {
  const index = TEMPLATES.findIndex(({ name }) => name === message.template);
  const template = TEMPLATES[index];
  if (template === undefined) throw new Error(`no template ${message.template}`);
  const { until } = world.span;
  const draw = fraction(random);
  const sent = message.at + 400;
  const delivered = sent + 900;
  const status =
    sent > until ? 'PENDING' : draw < 0.015 ? 'FAILED' : delivered > until || draw < 0.03 ? 'SENT' : 'DELIVERED';
  return {
    id: uuidV4(random),
    template_id: templateId(world, index),
    recipient_id: userId(world, message.recipient),
    recipient_info_encrypted: recipientInfo(world, random, { order, message, type: template.type }),
    type: template.type,
    status,
    content_encrypted: template.content
      .replace('{{number}}', `#${order.id.slice(-6)}`)
      .replace('{{amount}}', String(order.total)),
    sent_at: status === 'PENDING' ? null : isoTime(sent),
    delivered_at: status === 'DELIVERED' ? isoTime(delivered) : null,
    error_message: status === 'FAILED' ? 'recipient not reachable' : null,
    created_at: isoTime(message.at),
  };
}

function recipientInfo(
  world: World,
  random: Random,
  { order, message, type }: Sending & { readonly type: Channel },
): string {
  if (type === 'WEBSOCKET') return `restaurant:${restaurantId(world, order.restaurant)}`;
  if (type === 'PUSH') return `device:${hex(random, 4)}`;
  const { email, phone } = contactOf(world, message.recipient);
  return type === 'SMS' ? phone : email;
}
