import { isoTime } from '../calendar.ts';
import type { Order, Step } from '../order.ts';
import { makeOrder } from '../order.ts';
import { pick, uuidV4 } from '../random.ts';
import type { Random } from '../random.ts';
import type { SeedRow, SeedTable } from '../table.ts';
import { menuId, userId } from '../world.ts';
import type { World } from '../world.ts';

/** What was ordered, line by line. */
export const orderItems: SeedTable = {
  name: 'order_items',
  columns: ['id', 'order_id', 'menu_id', 'quantity', 'unit_price', 'created_at'],
  needs: ['orders', 'menus'],
  unitsOf: ({ volumes }) => volumes.orders,
  rowsOf: (world, index) => {
    const random = world.random('order items', index);
    const order = makeOrder(world, index);
    return order.lines.map(({ menu, quantity, unitPrice }) => ({
      id: uuidV4(random),
      order_id: order.id,
      menu_id: menuId(world, menu),
      quantity,
      unit_price: unitPrice,
      created_at: isoTime(order.at),
    }));
  },
};

/** One row for each status that an order came to. */
export const orderStatusHistory: SeedTable = {
  name: 'order_status_history',
  columns: ['id', 'order_id', 'old_status', 'new_status', 'changed_by', 'reason', 'message', 'created_at'],
  needs: ['orders', 'users'],
  unitsOf: ({ volumes }) => volumes.orders,
  rowsOf: (world, index) => {
    const random = world.random('order history', index);
    const order = makeOrder(world, index);
    return order.steps.map((step, position) => historyRow(world, random, { order, step, position }));
  },
};

const REASONS: Readonly<Record<Order['course'], readonly (readonly [reason: string, message: string])[]>> = {
  completed: [],
  'cancelled by customer': [
    ['CUSTOMER_REQUEST', '주문이 취소되었습니다'],
    ['CUSTOMER_CHANGED_MIND', '주문이 취소되었습니다'],
  ],
  'cancelled by owner': [
    ['SOLD_OUT', '재료가 소진되어 주문을 취소했습니다'],
    ['RESTAURANT_BUSY', '주문이 많아 주문을 취소했습니다'],
  ],
  'payment failed': [['PAYMENT_FAILED', '결제가 완료되지 않아 주문이 취소되었습니다']],
};
const MESSAGES: Partial<Readonly<Record<Step['status'], string>>> = {
  ACCEPTED: '주문이 접수되었습니다',
  READY: '음식이 준비되었습니다',
};

interface Moment {
  readonly order: Order;
  readonly step: Step;
  readonly position: number;
}

function historyRow(world: World, random: Random, { order, step, position }: Moment): SeedRow {
  const cancelled = step.status === 'CANCELLED' ? pick(random, REASONS[order.course]) : undefined;
  return {
    id: uuidV4(random),
    order_id: order.id,
    old_status: order.steps[position - 1]?.status ?? null,
    new_status: step.status,
    changed_by: step.by === null ? null : userId(world, step.by),
    reason: cancelled?.[0] ?? null,
    message: cancelled?.[1] ?? MESSAGES[step.status] ?? null,
    created_at: isoTime(step.at),
  };
}
