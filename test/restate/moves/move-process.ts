/**
 * One order of a move in a process of its own, its options as JSON. It is killed by SIGKILL at the nth
 * end of a request to Restate, which has two: before it is sent, and after it was answered. 0: never.
 */
import { finishMove } from '../../../src/host/moves/close-move.ts';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import {
  exportFromRestate,
  finishMoveOnRestate,
  importToRestate,
} from '../../../src/restate/face/moves/moving.ts';
import { tripDefinitions } from './trips.ts';

interface Order {
  readonly order: 'export' | 'import' | 'done';
  /** Where: a database, or Restate. */
  readonly database?: string;
  readonly restate?: { readonly ingress: string; readonly admin: string };
  readonly file: string;
  readonly nth: number;
}

const [given = '{}'] = process.argv.slice(2);
const { order, database = '', restate, file, nth } = JSON.parse(given) as Order;
let ends = 0;
const end = (): void => {
  ends += 1;
  if (ends === nth) process.kill(process.pid, 'SIGKILL');
};
const ask = globalThis.fetch;
globalThis.fetch = async (...asked) => {
  end();
  const answer = await ask(...asked);
  end();
  return answer;
};
const place = { database, lockWaitMs: 5_000 };
const of = { sagas: 'all', to: file, place: 'there' } as const;
if (order === 'export') {
  if (restate !== undefined) await exportFromRestate({ ...restate, ...of });
  else await exportSagas({ ...place, ...of });
} else if (order === 'import') {
  if (restate !== undefined) await importToRestate({ ...restate, from: file });
  else await importSagas({ ...place, from: file, definitions: tripDefinitions });
} else {
  if (restate !== undefined) await finishMoveOnRestate({ ...restate, file });
  else await finishMove({ ...place, file });
}
process.exit();
