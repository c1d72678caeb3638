/**
 * Whether a host may run the sagas of a database: two hosts would both run them, and neither would
 * hear of what the other does.
 */
import { BackstepError } from '../../core/errors.ts';
import { projectionStatement } from '../../store/queries/moves.ts';
import type { Store } from '../../store/store.ts';
import { written } from '../../store/commit.ts';

/** Throws `storage-refused`, and closes the database, where its sagas run on Restate. */
export async function assertRunsHere(store: Store): Promise<void> {
  if (!(await store.upkeep.isProjection())) return;
  await store.close();
  throw new BackstepError(
    'storage-refused',
    'the database shows sagas that run on Restate, which keeps them; open it with ' +
      'openRestateBackstep, or give another one',
  );
}

/**
 * Says in a database that its sagas run elsewhere, for whoever would run or move them. `lastSid`: the
 * highest internal id in it. Throws `storage-refused` where it has sagas that run in a process.
 */
export async function markAsProjection(store: Store, lastSid: number): Promise<void> {
  if (await store.upkeep.isProjection()) return;
  if (lastSid > 0) {
    throw new BackstepError(
      'storage-refused',
      'the database has sagas of the embedded engine, which would never move again; give the face ' +
        'one of its own',
    );
  }
  await written(store, [projectionStatement(store.tables())], 'that its sagas run on Restate');
}
