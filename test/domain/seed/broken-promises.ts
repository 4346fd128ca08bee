/** What never holds between rows of a seed that ends at `until`: a name, and the offenders as text for a FROM clause. */
export function brokenPromises(until: string): readonly (readonly [promise: string, offenders: string])[] {
  return [
    ['no order misses its sum', 'orders where total_amount <> subtotal - discount_amount + tax_amount'],
    [
      'no order costs something else than its items',
      `orders left join lateral (select sum(quantity * unit_price) as sum from order_items where order_id = orders.id) items
         on true where items.sum is distinct from subtotal`,
    ],
    [
      'no item is of another restaurant',
      `order_items join orders on orders.id = order_id join menus on menus.id = menu_id
        where menus.restaurant_id <> orders.restaurant_id`,
    ],
    ['no order lists a menu twice', '(select from order_items group by order_id, menu_id having count(*) > 1) twice'],
    [
      'no history tells another story than its order',
      `orders join lateral (
         select string_agg(new_status, ' ' order by created_at) as told, count(*) as steps, max(created_at) as last_at
           from order_status_history where order_id = orders.id) history on true
        where split_part(told, ' ', -1) <> status or steps <> version
           or last_at <> coalesce(cancelled_at, completed_at, ready_at, preparing_at, accepted_at, created_at)
           or told not in ('PENDING', 'PENDING ACCEPTED', 'PENDING ACCEPTED PREPARING', 'PENDING ACCEPTED PREPARING READY',
                           'PENDING ACCEPTED PREPARING READY COMPLETED', 'PENDING CANCELLED', 'PENDING ACCEPTED CANCELLED')`,
    ],
    [
      'no history breaks',
      `(select old_status, lag(new_status) over (partition by order_id order by created_at) as before
          from order_status_history) steps where old_status is distinct from before`,
    ],
    [
      'no order runs backwards',
      `orders where not (created_at <= coalesce(accepted_at, created_at)
         and coalesce(accepted_at, created_at) <= coalesce(preparing_at, 'infinity')
         and coalesce(preparing_at, created_at) <= coalesce(ready_at, 'infinity')
         and coalesce(ready_at, created_at) <= coalesce(completed_at, 'infinity'))`,
    ],
    ['no order is anonymous by half', 'orders where (customer_id is null) <> (anonymous_token is not null)'],
    ['no token is stored but as a hash', `orders where anonymous_token !~ '^[0-9a-f]{64}$'`],
    [
      'no payment is of another amount or time than its order',
      `payments join orders on orders.id = order_id where amount <> total_amount or payments.created_at < orders.created_at`,
    ],
    [
      'no payment has run backwards',
      `payments where coalesce(authorized_at, created_at) < created_at or captured_at < coalesce(authorized_at, created_at)`,
    ],
    [
      'no payment lacks its key, and no key its payment',
      `payments full join payment_order_keys keys on keys.payment_id = payments.id
        where payments.order_id is distinct from keys.order_id`,
    ],
    [
      'no completed order is unpaid',
      `orders left join payments on payments.order_id = orders.id
        where orders.status = 'COMPLETED' and payments.status is distinct from 'CAPTURED'
          and not (payment_method = 'CASH' and completed_at > timestamptz '${until}' - interval '5 seconds')`,
    ],
    [
      'no captured payment of a cancelled order is kept',
      `orders join payments on payments.order_id = orders.id
        left join payment_refunds on payment_refunds.payment_id = payments.id
        where orders.status = 'CANCELLED' and payments.status = 'CAPTURED' and payment_refunds.amount is distinct from payments.amount
          and cancelled_at < timestamptz '${until}' - interval '2 minutes'`,
    ],
    [
      'no refund exceeds its payment',
      `(select payment_id, sum(amount) as sum from payment_refunds group by payment_id) refunds
        join payments on payments.id = payment_id where sum > payments.amount or payments.status <> 'CAPTURED'`,
    ],
    [
      'no event disagrees with its payment',
      `payments left join payment_current_state state on state.payment_id = payments.id
        where (status = 'CAPTURED') <> (coalesce(captured_amount, 0) = amount and amount > 0)`,
    ],
    [
      'no session began before its user',
      'user_sessions join users on users.id = user_id where user_sessions.created_at < users.created_at',
    ],
    [
      'no customer ordered before signing up',
      'orders join users on users.id = customer_id where orders.created_at < users.created_at',
    ],
    [
      'no order is older than its restaurant',
      'orders join restaurants on restaurants.id = restaurant_id where orders.created_at < restaurants.created_at',
    ],
    [
      'no audit row is older than its user',
      'audit_logs join users on users.id = user_id where audit_logs.created_at < users.created_at',
    ],
    [
      'no last log-in is another than the last',
      `users left join lateral (
         select max(created_at) as at from audit_logs where user_id = users.id and action = 'LOGIN' and success) last on true
        where last.at is distinct from last_login_at`,
    ],
    [
      'no log-in of the last days lacks its attempt',
      `audit_logs left join login_attempts attempts
         on attempts.created_at = audit_logs.created_at and attempts.ip_hash = audit_logs.ip_hash
        where action = 'LOGIN' and audit_logs.created_at > timestamptz '${until}' - interval '30 days'
          and attempts.success is distinct from audit_logs.success`,
    ],
    [
      'no menu has sold another number today',
      `menus left join lateral (
         select sum(quantity) as sold from order_items join orders on orders.id = order_id
          where menu_id = menus.id and orders.status <> 'CANCELLED'
            and orders.created_at >= date_trunc('day', timestamptz '${until}' at time zone 'Asia/Seoul') at time zone 'Asia/Seoul'
       ) today on true where sold_count <> coalesce(sold, 0) or sold_count > daily_limit`,
    ],
    [
      'no notification was delivered before it was sent',
      'notification_logs where sent_at < created_at or delivered_at < sent_at',
    ],
    [
      'no owner is another than an owner',
      `restaurants join users on users.id = owner_id where role <> 'RESTAURANT_OWNER'`,
    ],
  ];
}
