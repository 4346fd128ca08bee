import { isoTime } from '../calendar.ts';
import { PLANTED, plantedTime } from '../planted.ts';
import { between, fraction, pick, uuidV4 } from '../random.ts';
import type { SeedRow, SeedTable } from '../table.ts';
import { blind } from '../table.ts';
import { anyUserAt, userId } from '../world.ts';
import type { World } from '../world.ts';

const HOUR_MS = 3_600_000;
const METRIC_HOURS = 7 * 24;
const HOURLY = [
  { type: 'avg_response_ms', low: 35, high: 180 },
  { type: 'rejected_tokens', low: 0, high: 12 },
  { type: 'blocked_requests', low: 0, high: 25 },
] as const;

/** Three figures for each hour of the last week, and what the planted attacks set off. */
export const securityMetrics: SeedTable = {
  name: 'security_metrics',
  columns: ['id', 'metric_type', 'value', 'labels', 'threat_level', 'is_anomaly', 'description', 'timestamp'],
  needs: [],
  unitsOf: () => METRIC_HOURS + 1,
  rowsOf: (world, unit) => (unit < METRIC_HOURS ? hourRows(world, unit) : alarmRows(world)),
};

function hourRows(world: World, unit: number): SeedRow[] {
  const random = world.random('security metric', unit);
  const timestamp = isoTime(world.span.until - (METRIC_HOURS - unit) * HOUR_MS);
  return HOURLY.map(({ type, low, high }) => ({
    id: uuidV4(random),
    metric_type: type,
    value: (low + fraction(random) * (high - low)).toFixed(type === 'avg_response_ms' ? 4 : 0),
    labels: JSON.stringify({ service: pick(random, ['order-api', 'auth-api', 'payment-api']) }),
    threat_level: 'LOW',
    is_anomaly: false,
    description: null,
    timestamp,
  }));
}

function alarmRows(world: World): SeedRow[] {
  const random = world.random('security metric', METRIC_HOURS);
  const { bruteForce, stuffing, busyAddress } = PLANTED;
  const alarms = [
    ['brute_force', bruteForce.failures, 'HIGH', '한 계정에 대한 반복 로그인 실패', bruteForce],
    ['credential_stuffing', stuffing.accounts, 'CRITICAL', '여러 계정에 대한 로그인 시도', stuffing],
    ['users_per_address', busyAddress.users, 'MEDIUM', '한 주소에서 많은 사용자가 로그인', busyAddress],
  ] as const;
  return alarms.map(([type, value, level, description, when]) => ({
    id: uuidV4(random),
    metric_type: type,
    value,
    labels: JSON.stringify({ window_minutes: when.fromMinute - when.toMinute }),
    threat_level: level,
    is_anomaly: true,
    description,
    timestamp: isoTime(plantedTime(world.span.until, when, [1, 1])),
  }));
}

const GLOBAL_HOURS = 24;
const LIMITED_USERS = 50;
const ENDPOINTS = ['/api/orders', '/api/payments', '/api/menus', '/api/auth/login'];

/** Counters of the last day, as the fallback without Redis leaves them: all requests, some users, the planted addresses. */
export const apiRateLimits: SeedTable = {
  name: 'api_rate_limits',
  columns: [
    'id',
    'identifier',
    'identifier_type',
    'endpoint',
    'request_count',
    'window_start',
    'window_end',
    'created_at',
  ],
  needs: [],
  unitsOf: () => GLOBAL_HOURS + LIMITED_USERS + 1,
  rowsOf: (world, unit) => {
    if (unit < GLOBAL_HOURS) return [globalRow(world, unit)];
    return unit < GLOBAL_HOURS + LIMITED_USERS ? [userRow(world, unit)] : addressRows(world);
  },
};

function globalRow(world: World, unit: number): SeedRow {
  const random = world.random('rate limit', unit);
  const start = Math.floor(world.span.until / HOUR_MS) * HOUR_MS - (GLOBAL_HOURS - unit) * HOUR_MS;
  const counter = { identifier: 'global', identifier_type: 'GLOBAL', endpoint: null };
  return { id: uuidV4(random), ...counter, request_count: between(random, 2000, 90_000), ...windowOf(start, HOUR_MS) };
}

function userRow(world: World, unit: number): SeedRow {
  const random = world.random('rate limit', unit);
  const at = world.span.until - between(random, HOUR_MS, 24 * HOUR_MS);
  const start = Math.floor(at / 60_000) * 60_000;
  const id = uuidV4(random);
  const counter = { identifier: userId(world, anyUserAt(world, random, at)), identifier_type: 'USER' };
  return {
    id,
    ...counter,
    endpoint: pick(random, ENDPOINTS),
    request_count: between(random, 1, 59),
    ...windowOf(start, 60_000),
  };
}

function addressRows(world: World): SeedRow[] {
  const random = world.random('rate limit', GLOBAL_HOURS + LIMITED_USERS);
  const { bruteForce, stuffing, busyAddress } = PLANTED;
  const perStuffing = Math.ceil(stuffing.accounts / stuffing.ips.length);
  const sources = [
    { ip: bruteForce.ip, count: bruteForce.failures, when: bruteForce },
    ...stuffing.ips.map((ip) => ({ ip, count: perStuffing, when: stuffing })),
    { ip: busyAddress.ip, count: busyAddress.logins * 2, when: busyAddress },
  ];
  return sources.map(({ ip, count, when }) => ({
    id: uuidV4(random),
    identifier: blind('rate_limit', ip),
    identifier_type: 'IP',
    endpoint: '/api/auth/login',
    request_count: count,
    ...windowOf(plantedTime(world.span.until, when, [0, 1]), (when.fromMinute - when.toMinute) * 60_000),
  }));
}

function windowOf(start: number, lengthMs: number): SeedRow {
  return { window_start: isoTime(start), window_end: isoTime(start + lengthMs), created_at: isoTime(start) };
}
