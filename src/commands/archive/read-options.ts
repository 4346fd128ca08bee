import { option } from '../../cli/options.ts';
import type { OptionDef, Values } from '../../cli/options.ts';
import type { Context } from '../../context.ts';
import type { Month } from '../../domain/partitions/month.ts';
import { parseMonth } from '../../domain/partitions/month.ts';
import { OrdersyncError } from '../../errors.ts';
import type { ObjectStore } from '../../store/store.ts';

/** Which archive a verb reads. */
export const FROM_OPTIONS = {
  from: option.text('the store: a directory or s3://bucket/prefix. Default: the configured one', {
    placeholder: 'url',
  }),
  endpoint: option.text('of a store that speaks the protocol of S3', { placeholder: 'url' }),
};

export function storeOf(ctx: Context, { from, endpoint }: Values<typeof FROM_OPTIONS>): Promise<ObjectStore> {
  return ctx.store({ to: from, option: '--from', endpoint });
}

export const PUBLIC_KEY_OPTION = {
  publicKey: option.texts('trust this public key (PEM) instead of asking the database; may be repeated', {
    placeholder: 'file',
  }),
};

export function tablesOption(summary: string): OptionDef<readonly string[]> {
  return option.texts(summary, { placeholder: 'name' });
}

export function monthsOption(summary: string): OptionDef<readonly Month[]> {
  return { ...option.texts(summary, { placeholder: 'YYYY-MM' }), parse: parseMonth, default: [] };
}

/** @throws OrdersyncError `usage` for anything but a digest */
export function noted(text: string): string {
  const digest = text.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new OrdersyncError('usage', `"${text}" is no digest: it has 64 hexadecimal digits`, {
    hint: 'ordersync archive head prints it',
  });
}
