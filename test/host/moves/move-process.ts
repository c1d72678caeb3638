/**
 * One order of a move in a process of its own: `node move-process.ts <order> <source> <target> <file>
 * <nth>`. It is killed by SIGKILL when it tells for the nth time how far it is; 0: never.
 */
import { finishMove } from '../../../src/host/moves/close-move.ts';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import { legSaga, parcelSaga, roundSaga } from './parcel-sagas.ts';

const [order, source = '', target = '', file = '', nth = '0'] = process.argv.slice(2);
let told = 0;
const onProgress = (): void => {
  told += 1;
  if (told === Number(nth)) process.kill(process.pid, 'SIGKILL');
};
const lockWaitMs = 5_000;
if (order === 'export') {
  const place = 'there';
  await exportSagas({
    database: source,
    sagas: 'all',
    to: file,
    place,
    lockWaitMs,
    onProgress,
  });
} else if (order === 'import') {
  const definitions = [parcelSaga, roundSaga, legSaga];
  await importSagas({ database: target, from: file, definitions, lockWaitMs, onProgress });
} else {
  await finishMove({ database: source, file, lockWaitMs, onProgress });
}
process.exit();
