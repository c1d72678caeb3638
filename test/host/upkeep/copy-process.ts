/**
 * A backup, a restore or a compaction in a process of its own:
 * `node copy-process.ts <order> <from> <to> <nth>`. It is killed by SIGKILL when it tells for the nth time how far it is; 0: never.
 */
import { backupDatabase, restoreDatabase } from '../../../src/host/upkeep/backup.ts';
import { compactDatabase } from '../../../src/host/upkeep/compaction.ts';

const [order, from = '', to = '', nth = '0'] = process.argv.slice(2);
let told = 0;
const onProgress = (): void => {
  told += 1;
  if (told === Number(nth)) process.kill(process.pid, 'SIGKILL');
};
if (order === 'backup') await backupDatabase({ database: from, to, onProgress });
else if (order === 'compact') await compactDatabase({ database: from, onProgress });
else await restoreDatabase({ from, database: to, force: true, lockWaitMs: 5_000, onProgress });
process.exit();
