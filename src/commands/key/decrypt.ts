import { defineCommand } from '../../cli/command.ts';
import { option } from '../../cli/options.ts';
import { decryptOne } from '../../domain/keys/value.ts';
import { KEY_STORE_OPTIONS, VALUE_OPTIONS, withKmsTimeout } from './options.ts';

export const decrypt = defineCommand({
  name: 'decrypt',
  summary: 'decrypt one value from standard input, and record who did it and why',
  description:
    'Writes a DECRYPT_VALUE row to audit_logs first (table, column, id, role, system user, reason; never the value); when ' +
    'that fails, nothing is shown. The value goes to standard output and nowhere else.',
  options: {
    ...VALUE_OPTIONS,
    reason: option.text('why, for the audit log', { required: true, placeholder: 'text' }),
    ...KEY_STORE_OPTIONS,
  },
  examples: ['ordersync key decrypt -t users -c name_encrypted --id $ID --reason INC-4711'],
  run: async (ctx, { table, column, id, reason, kmsTimeout }) =>
    decryptOne(withKmsTimeout(ctx, kmsTimeout), await ctx.db.session(), { table, column, id, reason }),
  present: ({ value, keyId }, { table, column, id }) => ({
    command: 'key decrypt',
    columns: [{ name: 'table' }, { name: 'column' }, { name: 'id' }, { name: 'key' }, { name: 'value' }],
    rows: [{ table, column, id, key: keyId, value }],
    text: value,
    notes: ['recorded in audit_logs as DECRYPT_VALUE'],
  }),
});
