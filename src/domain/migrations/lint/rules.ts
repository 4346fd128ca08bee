import type { Rule } from './finding.ts';
import { addCheck } from './rules/add-check.ts';
import { addColumnGenerated } from './rules/add-column-generated.ts';
import { addColumnNotNull } from './rules/add-column-not-null.ts';
import { addColumnSerial } from './rules/add-column-serial.ts';
import { addColumnVolatileDefault } from './rules/add-column-volatile-default.ts';
import { addExclusion } from './rules/add-exclusion.ts';
import { addForeignKey } from './rules/add-foreign-key.ts';
import { addPrimaryKey } from './rules/add-primary-key.ts';
import { addUnique } from './rules/add-unique.ts';
import { alterColumnType } from './rules/alter-column-type.ts';
import { attachPartitionWithoutCheck } from './rules/attach-partition-without-check.ts';
import { backfillWithDdl } from './rules/backfill-with-ddl.ts';
import { cluster } from './rules/cluster.ts';
import { concurrentlyIfNotExists } from './rules/concurrently-if-not-exists.ts';
import { concurrentlyInTransaction } from './rules/concurrently-in-transaction.ts';
import { createIndex } from './rules/create-index.ts';
import { createPartitionOf } from './rules/create-partition-of.ts';
import { detachWithoutConcurrently } from './rules/detach-without-concurrently.ts';
import { disableRowSecurity } from './rules/disable-row-security.ts';
import { disableTrigger } from './rules/disable-trigger.ts';
import { dropCascade } from './rules/drop-cascade.ts';
import { dropColumn } from './rules/drop-column.ts';
import { dropIndex } from './rules/drop-index.ts';
import { dropTable } from './rules/drop-table.ts';
import { enumValueInSameTransaction } from './rules/enum-value-in-same-transaction.ts';
import { grantToPublic } from './rules/grant-to-public.ts';
import { identifierTooLong } from './rules/identifier-too-long.ts';
import { lockTable } from './rules/lock-table.ts';
import { mixedWithoutTransaction } from './rules/mixed-without-transaction.ts';
import { preferBigintKey } from './rules/prefer-bigint-key.ts';
import { preferIdentity } from './rules/prefer-identity.ts';
import { preferJsonb } from './rules/prefer-jsonb.ts';
import { preferText } from './rules/prefer-text.ts';
import { preferTimestamptz } from './rules/prefer-timestamptz.ts';
import { refreshWithoutConcurrently } from './rules/refresh-without-concurrently.ts';
import { reindex } from './rules/reindex.ts';
import { renameColumn } from './rules/rename-column.ts';
import { renameTable } from './rules/rename-table.ts';
import { rewriteTable } from './rules/rewrite-table.ts';
import { securityDefinerSearchPath } from './rules/security-definer-search-path.ts';
import { setLeak } from './rules/set-leak.ts';
import { setNotNull } from './rules/set-not-null.ts';
import { truncate } from './rules/truncate.ts';
import { vacuumFull } from './rules/vacuum-full.ts';
import { validateInSameTransaction } from './rules/validate-in-same-transaction.ts';
import { writeWithoutWhere } from './rules/write-without-where.ts';

/** Every rule of the linter. A new one is a file in rules/ and a line here; a test compares the two. */
export const RULES: readonly Rule[] = [
  addCheck,
  addColumnGenerated,
  addColumnNotNull,
  addColumnSerial,
  addColumnVolatileDefault,
  addExclusion,
  addForeignKey,
  addPrimaryKey,
  addUnique,
  alterColumnType,
  attachPartitionWithoutCheck,
  backfillWithDdl,
  cluster,
  concurrentlyIfNotExists,
  concurrentlyInTransaction,
  createIndex,
  createPartitionOf,
  detachWithoutConcurrently,
  disableRowSecurity,
  disableTrigger,
  dropCascade,
  dropColumn,
  dropIndex,
  dropTable,
  enumValueInSameTransaction,
  grantToPublic,
  identifierTooLong,
  lockTable,
  mixedWithoutTransaction,
  preferBigintKey,
  preferIdentity,
  preferJsonb,
  preferText,
  preferTimestamptz,
  refreshWithoutConcurrently,
  reindex,
  renameColumn,
  renameTable,
  rewriteTable,
  securityDefinerSearchPath,
  setLeak,
  setNotNull,
  truncate,
  vacuumFull,
  validateInSameTransaction,
  writeWithoutWhere,
];
