import type { OptionDef } from '../../cli/options.ts';
import { option } from '../../cli/options.ts';
import type { Context } from '../../context.ts';
import { ENCRYPTED_TABLES } from '../../domain/encryption/registry.ts';
import type { Sample } from '../../domain/keys/verify/verify.ts';
import { OrdersyncError } from '../../errors.ts';

/** Options of the commands that use the key store. */
export const KEY_STORE_OPTIONS = {
  kmsTimeout: option.duration('how long one AWS KMS operation may take, with its repetitions', { default: 30_000 }),
};

/** The same context, whose key store gives each operation this much time. */
export function withKmsTimeout(ctx: Context, timeoutMs: number): Context {
  return { ...ctx, keys: async (request) => ctx.keys({ timeoutMs, ...request }) };
}

/** Options that name one value of one row. */
export const VALUE_OPTIONS = {
  table: option.text('its table', { required: true, placeholder: 'name', short: 't' }),
  column: option.text('its column, such as email_encrypted', { required: true, placeholder: 'name', short: 'c' }),
  id: option.text('id of its row; of an audit row the trace id', { required: true, placeholder: 'id' }),
};

export const TABLES_OPTION = {
  table: option.texts('only this table; repeatable', { placeholder: 'name' }),
};

/** @throws OrdersyncError `usage` for a table without encrypted columns */
export function requireEncryptedTables(names: readonly string[]): void {
  const known = ENCRYPTED_TABLES.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new OrdersyncError('usage', `the table "${unknown}" has no encrypted columns`, {
    hint: `tables that have: ${known.join(', ')}`,
  });
}

/** `1%` of the rows of each table, or `5000` of them. */
export const SAMPLE_OPTION: OptionDef<Sample | undefined> = {
  ...option.text('decrypt only this many rows of each table, or this share of them: 5000 or 1%', {
    placeholder: 'rows|percent',
  }),
  default: undefined,
  parse: parseSample,
};

function parseSample(text: string): Sample {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const value = Number(number);
  if (percent === '%' && value > 0 && value <= 100) return { share: value / 100 };
  if (percent === '' && Number.isInteger(value) && value > 0) return { rows: value };
  throw new OrdersyncError('usage', `"${text}" is neither a number of rows such as 5000 nor a share such as 1%`);
}
