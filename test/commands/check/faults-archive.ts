import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monthFromNow } from '../partition/fixture.ts';
import type { Fault } from './fault.ts';
import { planting, runAll } from './planting.ts';

/** Faults of the archive: the last ones, because a month leaves in earnest. */
export const ARCHIVE_FAULTS: readonly Fault[] = [
  {
    id: 'data.archive-journal',
    severity: 'critical',
    names: `notification_logs ${monthFromNow(-1)} is detached and not dropped`,
    plant: async (site) => {
      const store = await mkdtemp(join(tmpdir(), 'ordersync check archive '));
      const words = ['archive', 'run', '--table', 'notification_logs', '--month', monthFromNow(-1), '--to', store];
      const manners = ['--yes', '--lock-timeout', '5s'];
      const { code, stderr } = await site.ordersync([...words, ...manners], {
        NODE_ENV: 'test',
        ORDERSYNC_FAULT: 'archive-detached:throw',
      });
      if (code !== 6) throw new Error(`the archive did not stop where it should: ${code} ${stderr}`);
      await runAll(site, `update archive_journal set updated_at = now() - interval '8 days'`);
      return async () => rm(store, { recursive: true });
    },
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'data.archive-head',
    severity: 'critical',
    names: /the head says manifest \d+, and the last one is \d+/,
    plant: planting('update archive_head set sequence = sequence + 1'),
    repair: async (site) => runAll(site, 'update archive_head set sequence = sequence - 1'),
  },
];
