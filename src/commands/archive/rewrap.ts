import { counted } from '../../counted.ts';
import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import type { Values } from '../../cli/options.ts';
import type { Context } from '../../context.ts';
import type { RewrapPlan, RewrapRequest } from '../../domain/archive/rewrap/plan.ts';
import { planRewrap } from '../../domain/archive/rewrap/plan.ts';
import { runRewrap } from '../../domain/archive/rewrap/rewrap.ts';
import { loadDatabaseKeys } from '../../domain/encryption/database-keys.ts';
import { version } from '../../version.ts';
import { STORE_OPTIONS, storeRequestOf, TABLE_OPTION } from './options.ts';
import { monthsOption } from './read-options.ts';
import { planReport, rewrappedReport } from './rewrap-report.ts';

const { endpoint, objectLockMode, retainUntil } = STORE_OPTIONS;

const OPTIONS = {
  fromKey: option.text('only values under this key, by its name or kid. Default: every key but the active ones', {
    placeholder: 'key',
  }),
  table: TABLE_OPTION,
  month: monthsOption('only archives of this month; may be repeated'),
  removeOld: option.flag('then remove old files of which proven new ones hold the rows'),
  from: option.text('the store: a directory or s3://bucket/prefix. Default: the configured one', {
    placeholder: 'url',
  }),
  endpoint,
  objectLockMode,
  retainUntil,
  wait: option.duration('how long to wait while another archive or clean-up is at work', { default: 60_000 }),
};

type RewrapValues = Values<typeof OPTIONS>;

interface Planned {
  readonly plan: RewrapPlan;
  readonly location: string;
}

export const rewrap = defineCommand({
  name: 'rewrap',
  summary: 'encrypt archived values anew under the active keys, so that an old key can go',
  description:
    'For each archive with values under a key that is to go: reads its files, encrypts those values under the active key of ' +
    'their type and for the same row, decrypts each new value once more and compares it, and writes new files beside the old ' +
    'ones. These are read back from the store; then a new manifest, signed and chained, stands for the old one: it records the ' +
    'old root, and the root of everything that no key changes. The old files stay until --remove-old, which fetches every ' +
    'byte of the new ones again before it removes them; from then on key destroy does not count them. Stopped anywhere, by ' +
    'anything, the same command goes on.\n\n' +
    'Months that have not left the database yet stay: there key rotate does it. Exit 5 when a file is not as it was signed ' +
    'or a value cannot be decrypted: its manifest stays as it is, and the others go on. Exit 6 when the store refuses to ' +
    'remove an old file: it is named, and the same command removes it later.',
  options: OPTIONS,
  steadyMemory: true,
  examples: [
    'ordersync archive rewrap --dry-run',
    'ordersync archive rewrap --from-key pii-v1 --table audit_logs',
    'ordersync archive rewrap --from-key pii-v1 --remove-old',
  ],
  plan: async (ctx, request, { dryRun }): Promise<Planned> => {
    const store = await storeOf(ctx, request);
    if (!dryRun) await store.probe();
    const session = await ctx.db.session();
    const keys = await loadDatabaseKeys(session.sql, async () => ctx.keys());
    const plan = await planRewrap(session, keys, requestOf(request));
    // Without its keys it ends here, before anybody is asked.
    if (!dryRun && plan.rewraps.length + plan.old.length > 0) await ctx.keys();
    return { plan, location: store.location };
  },
  presentPlan: ({ plan, location }, { removeOld }) => planReport(plan, removeOld, location),
  intent: ({ plan: { rewraps, old }, location }, { removeOld }) => {
    const removing = removeOld && rewraps.length + old.length > 0;
    if (rewraps.length === 0 && !removing) return undefined;
    const writing = `encrypt the values of ${counted(rewraps.length, 'manifest')} anew in ${location}`;
    const removal = `remove the old files of ${counted(rewraps.length + old.length, 'manifest')} there`;
    const parts = [...(rewraps.length > 0 ? [writing] : []), ...(removing ? [removal] : [])];
    return { action: parts.join(', and '), destructive: removing };
  },
  run: async function* (ctx, request, { plan }: Planned) {
    const { rewraps, stays, old } = plan;
    if (rewraps.length === 0 && (old.length === 0 || !request.removeOld)) return { outcomes: [], stays, old, kept: [] };
    const session = await ctx.db.session();
    const store = await storeOf(ctx, request);
    const tool = `ordersync ${version()}`;
    return yield* runRewrap(ctx, { session, store }, { ...requestOf(request), waitMs: request.wait, tool });
  },
  present: rewrappedReport,
});

function storeOf(ctx: Context, { from: to, ...options }: RewrapValues) {
  return ctx.store({ ...storeRequestOf({ ...options, to }), option: '--from' });
}

function requestOf({ table, month, fromKey, removeOld }: RewrapValues): RewrapRequest {
  return { tables: table, months: month, fromKey, removeOld };
}
