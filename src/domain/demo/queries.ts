import type { Sql } from '../../db/session.ts';

export interface EncryptedName {
  readonly id: string;
  /** Ciphertext, as the column holds it. */
  readonly value: string;
}

/** The name of the customer who came first, as it is stored. */
export async function readOneName(sql: Sql): Promise<EncryptedName | undefined> {
  const [row] = await sql<EncryptedName[]>`
    select id, name_encrypted as value
    from users
    where name_encrypted is not null
    order by created_at, id
    limit 1`;
  return row;
}
