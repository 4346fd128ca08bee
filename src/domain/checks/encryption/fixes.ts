import { quoteIdentifier, quoteLiteral, quoteQualified } from '../../../db/identifiers.ts';
import type { EncryptedPair, EncryptedTable } from '../../encryption/registry.ts';
import { NO_ADDRESS } from '../../encryption/registry.ts';
import type { Fix } from '../check.ts';
import type { FaultyPair } from './sample.ts';

const KEY_OF = (ciphertext: string): string =>
  `(select keys.key_id from public.encryption_keys keys join public.encryption_data_keys data ` +
  `on data.encryption_key_id = keys.id where data.kid = substr(${ciphertext}, 5, 8))`;

/** Lets every key column say what its value says: half pairs become whole, wrong names right. */
export function keyColumnFix({ table, pair }: Pick<FaultyPair, 'table' | 'pair'>): Fix {
  const right = rightKey(pair);
  const key = quoteIdentifier(pair.key);
  // A value whose key is not known keeps what stands beside it.
  const where = `${key} is distinct from ${right} and (${quoteIdentifier(pair.value)} is null or ${right} is not null)`;
  return { kind: 'sql', text: `update ${nameOf(table)} set ${key} = ${right} where ${where}` };
}

function rightKey({ value, mayBeNone }: EncryptedPair): string {
  const column = quoteIdentifier(value);
  return mayBeNone ? `case when ${column} = '${NO_ADDRESS}' then ${column} else ${KEY_OF(column)} end` : KEY_OF(column);
}

/** Encrypts one value where it stands. It passes through a pipe only, and is never a word of a command line. */
export function encryptFix({ table, pair }: Pick<FaultyPair, 'table' | 'pair'>, id: string, rowId: string): Fix {
  const where = `where id = ${quoteLiteral(id)}`;
  const read = `select ${pair.value} from ${nameOf(table)} ${where}`;
  // What the application has encrypted itself meanwhile stays.
  const write =
    `update ${nameOf(table)} set ${pair.value} = '$value', ${pair.key} = ${KEY_OF("'$value'")} ` +
    `${where} and ${pair.value} not like 'os1\\_%'`;
  return {
    kind: 'command',
    text:
      `value=$(psql -XAtqc "${shell(read)}" | ordersync key encrypt --table ${table.name} --column ${pair.value} ` +
      `--id ${rowId}) && psql -Xqc "${shell(write)}"`,
  };
}

/** Names are those of the registry, plain words in quotes that the shell must not take for its own. */
function shell(statement: string): string {
  return statement.replaceAll('"', '');
}

function nameOf({ name }: EncryptedTable): string {
  return quoteQualified({ schema: 'public', name });
}
