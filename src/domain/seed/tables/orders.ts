import { isoTime } from '../calendar.ts';
import { dishOf } from '../menu.ts';
import type { Order } from '../order.ts';
import { makeOrder, reachedAt } from '../order.ts';
import { between, chance, hex, pick } from '../random.ts';
import type { SeedRow, SeedTable } from '../table.ts';
import { menuId, restaurantId, userId } from '../world.ts';
import type { World } from '../world.ts';

export const orders: SeedTable = {
  name: 'orders',
  columns: [
    'id',
    'restaurant_id',
    'customer_id',
    'table_info_encrypted',
    'items_encrypted',
    'special_requests_encrypted',
    'subtotal',
    'discount_amount',
    'tax_amount',
    'total_amount',
    'status',
    'estimated_time',
    'anonymous_token',
    'anonymous_expires_at',
    'created_at',
    'accepted_at',
    'preparing_at',
    'ready_at',
    'completed_at',
    'cancelled_at',
    'version',
  ],
  needs: ['users', 'restaurants'],
  unitsOf: ({ volumes }) => volumes.orders,
  rowsOf: (world, index) => [orderRow(world, index)],
};

const ANONYMOUS_HOURS = 24;
const REQUESTS = [
  '덜 맵게 해 주세요',
  '젓가락은 빼 주세요',
  '문 앞에 두고 벨은 누르지 마세요',
  '양파 빼 주세요',
  'no nuts, please',
];

function orderRow(world: World, index: number): SeedRow {
  const random = world.random('order details', index);
  const order = makeOrder(world, index);
  const anonymous = order.customer === null;
  const accepted = reachedAt(order.steps, 'ACCEPTED');
  return {
    id: order.id,
    restaurant_id: restaurantId(world, order.restaurant),
    customer_id: order.customer === null ? null : userId(world, order.customer),
    table_info_encrypted: anonymous || chance(random, 0.3) ? tableInfo(between(random, 1, 24)) : null,
    items_encrypted: itemsOf(world, order),
    special_requests_encrypted: chance(random, 0.18) ? pick(random, REQUESTS) : null,
    subtotal: order.subtotal,
    discount_amount: order.discount,
    tax_amount: order.tax,
    total_amount: order.total,
    status: order.steps.at(-1)?.status ?? 'PENDING',
    estimated_time: accepted === undefined ? null : pick(random, [15, 20, 25, 30]),
    // The hash of a token that nobody was given.
    anonymous_token: anonymous ? hex(random, 8) : null,
    anonymous_expires_at: anonymous ? isoTime(order.at + ANONYMOUS_HOURS * 3_600_000) : null,
    created_at: isoTime(order.at),
    ...timesOf(order),
    version: order.steps.length,
  };
}

function tableInfo(number: number): string {
  return JSON.stringify({ table: `T-${String(number).padStart(2, '0')}`, floor: number > 12 ? 2 : 1 });
}

function itemsOf(world: World, { lines }: Order): string {
  const items = lines.map(({ menu, quantity, unitPrice }) => ({
    menu_id: menuId(world, menu),
    name: dishOf(world, menu).name,
    quantity,
    unit_price: unitPrice,
  }));
  return JSON.stringify(items);
}

function timesOf({ steps }: Order): SeedRow {
  const timeOf = (status: Order['steps'][number]['status']): string | null => {
    const at = reachedAt(steps, status);
    return at === undefined ? null : isoTime(at);
  };
  return {
    accepted_at: timeOf('ACCEPTED'),
    preparing_at: timeOf('PREPARING'),
    ready_at: timeOf('READY'),
    completed_at: timeOf('COMPLETED'),
    cancelled_at: timeOf('CANCELLED'),
  };
}
