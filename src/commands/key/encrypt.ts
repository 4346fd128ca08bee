import { defineCommand } from '../../cli/command.ts';
import { encryptOne } from '../../domain/keys/value.ts';
import { KEY_STORE_OPTIONS, VALUE_OPTIONS, withKmsTimeout } from './options.ts';

export const encrypt = defineCommand({
  name: 'encrypt',
  summary: 'encrypt one value from standard input for one row, for debugging',
  description:
    'Reads all of standard input, without the line end at its end; on a terminal it asks. Prints the ciphertext, bound to ' +
    'the table, column and id given, and writes nothing to the database.',
  options: { ...VALUE_OPTIONS, ...KEY_STORE_OPTIONS },
  examples: ['ordersync key encrypt --table users --column name_encrypted --id $ID'],
  run: async (ctx, { table, column, id, kmsTimeout }) =>
    encryptOne(withKmsTimeout(ctx, kmsTimeout), await ctx.db.session(), { table, column, id }),
  present: ({ text, keyId, kid }, { table, column, id }) => ({
    command: 'key encrypt',
    columns: [
      { name: 'table' },
      { name: 'column' },
      { name: 'id' },
      { name: 'key' },
      { name: 'kid' },
      { name: 'value' },
    ],
    rows: [{ table, column, id, key: keyId, kid, value: text }],
    text,
    notes: [`its key column: ${keyId}`],
  }),
});
