import { isoTime } from '../calendar.ts';
import { houseOf } from '../menu.ts';
import { businessNumber, landlineNumber, makePlace } from '../people.ts';
import { between, chance, pick } from '../random.ts';
import type { SeedRow, SeedTable } from '../table.ts';
import { ownerOf, restaurantId, userCreatedAt, userId } from '../world.ts';
import type { World } from '../world.ts';

export const restaurants: SeedTable = {
  name: 'restaurants',
  columns: [
    'id',
    'owner_id',
    'name_encrypted',
    'address_encrypted',
    'phone_encrypted',
    'business_number_encrypted',
    'name_search',
    'category',
    'status',
    'business_hours',
    'settings',
    'latitude',
    'longitude',
    'created_at',
    'updated_at',
    'version',
  ],
  needs: ['users'],
  unitsOf: ({ volumes }) => volumes.restaurants,
  rowsOf: (world, restaurant) => [restaurantRow(world, restaurant)],
};

const DAY_MS = 86_400_000;

/** A few days after its owner signed up. */
export function restaurantCreatedAt(world: World, restaurant: number): number {
  const random = world.random('restaurant created', restaurant);
  return userCreatedAt(world, ownerOf(world, restaurant)) + between(random, DAY_MS / 24, DAY_MS * 5);
}

function restaurantRow(world: World, restaurant: number): SeedRow {
  const random = world.random('restaurant', restaurant);
  const { name, category } = houseOf(world, restaurant);
  const place = makePlace(random);
  const createdAt = isoTime(restaurantCreatedAt(world, restaurant));
  return {
    id: restaurantId(world, restaurant),
    owner_id: userId(world, ownerOf(world, restaurant)),
    name_encrypted: name,
    address_encrypted: place.address,
    phone_encrypted: landlineNumber(random),
    business_number_encrypted: chance(random, 0.95) ? businessNumber(random) : null,
    name_search: name,
    category,
    status: 'ACTIVE',
    business_hours: JSON.stringify({
      open: pick(random, ['10:00', '11:00', '11:30']),
      close: pick(random, ['21:00', '22:00', '24:00']),
      closed: chance(random, 0.3) ? ['MON'] : [],
    }),
    settings: JSON.stringify({ auto_accept: chance(random, 0.2), minimum_order: pick(random, [0, 12_000, 15_000]) }),
    latitude: place.latitude.toFixed(8),
    longitude: place.longitude.toFixed(8),
    created_at: createdAt,
    updated_at: createdAt,
    version: 1,
  };
}
