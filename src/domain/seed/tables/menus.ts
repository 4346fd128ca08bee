import { isoTime } from '../calendar.ts';
import type { Demo } from '../demo.ts';
import { dishOf } from '../menu.ts';
import { between, chance, pick } from '../random.ts';
import type { SeedRow, SeedTable } from '../table.ts';
import { MENUS_PER_RESTAURANT } from '../volumes.ts';
import { menuCount, menuId, restaurantId } from '../world.ts';
import { restaurantCreatedAt } from './restaurants.ts';

export const menus: SeedTable = {
  name: 'menus',
  columns: [
    'id',
    'restaurant_id',
    'name_encrypted',
    'description_encrypted',
    'price',
    'discount_rate',
    'category',
    'tags',
    'options',
    'is_available',
    'daily_limit',
    'sold_count',
    'image_url',
    'sort_order',
    'created_at',
    'updated_at',
    'version',
  ],
  needs: ['restaurants'],
  unitsOf: menuCount,
  rowsOf: (world, menu) => [menuRow(world, menu)],
};

const TAGS = ['{}', '{}', '{spicy}', '{vegetarian}', '{best}', '{best,spicy}'];

function menuRow(world: Demo, menu: number): SeedRow {
  const random = world.random('menu', menu);
  const restaurant = Math.floor(menu / MENUS_PER_RESTAURANT);
  const dish = dishOf(world, menu);
  const sold = world.soldToday.get(menu) ?? 0;
  const id = menuId(world, menu);
  // A limit is never lower than what was sold; where it was reached the dish is off until midnight.
  const limit = chance(random, 0.15) ? sold + (chance(random, 0.1) && sold > 0 ? 0 : between(random, 5, 50)) : null;
  const createdAt = isoTime(restaurantCreatedAt(world, restaurant) + between(random, 60_000, 3_600_000));
  return {
    id,
    restaurant_id: restaurantId(world, restaurant),
    name_encrypted: dish.name,
    description_encrypted: dish.description,
    price: dish.price,
    discount_rate: dish.discountRate,
    category: dish.section,
    tags: pick(random, TAGS),
    options: dish.section === '메인' ? JSON.stringify([{ name: '맵기', values: ['순한맛', '보통', '매운맛'] }]) : null,
    is_available: limit === null || sold < limit,
    daily_limit: limit,
    sold_count: sold,
    image_url: `https://images.example.com/menus/${id}.webp`,
    sort_order: menu % MENUS_PER_RESTAURANT,
    created_at: createdAt,
    updated_at: createdAt,
    version: 1,
  };
}
