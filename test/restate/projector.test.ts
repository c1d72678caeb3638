/** Turns that come from Restate: each written once, in order, whatever is brought again. */
import { expect, it } from 'vitest';
import { Feed } from '../../src/host/feed.ts';
import { systemClock } from '../../src/host/clock.ts';
import { SagaWatchers } from '../../src/host/saga-watchers.ts';
import { Projector } from '../../src/restate/face/projector.ts';
import { WorkerRegistry } from '../../src/restate/worker-registry.ts';
import type { JournalWords } from '../../src/restate/words.ts';
import { createReadModels } from '../../src/store/queries/saga-queries.ts';
import { SagaTelemetry } from '../../src/host/telemetry/saga-telemetry.ts';
import type { SagaCommit, TurnRecord } from '../../src/store/commit.ts';
import { openTestStore, startOf, turnOf } from '../store/store-fixture.ts';

async function projection() {
  const store = await openTestStore();
  const feed = new Feed(() => {});
  const fed: string[] = [];
  feed.subscribe(({ sagaId, sagaSeq }) => fed.push(`${sagaId}/${sagaSeq}`));
  const parts = { store, feed, clock: systemClock, watchers: new SagaWatchers() };
  const telemetry = new SagaTelemetry(undefined);
  const told = { marker: null, telemetry };
  const projector = new Projector({ ...parts, registry: new WorkerRegistry(), ...told });
  const read = createReadModels(store.tables());
  const written = async (id: string): Promise<readonly number[]> => {
    const { items } = await read.transitions(id, { limit: 100, cursor: null });
    return items.map(({ sagaSeq }) => sagaSeq);
  };
  return { projector, fed, written };
}

/** A turn as it comes over Restate. */
function sent({ saga: { sid: _, ...saga }, ...commit }: SagaCommit): TurnRecord {
  const { birth, journal, deadLetter, audit, pendingStart } = commit;
  return { saga, birth, journal, deadLetter, audit, pendingStart };
}

const begun = (id: string, key: string | null = null): TurnRecord =>
  sent(startOf(1, { birth: { id, key, inputHash: key === null ? null : 'hash' } }));
const turn = (seq: number): TurnRecord => sent(turnOf(1, seq));
const words = (...turns: readonly TurnRecord[]): JournalWords => ({
  type: 'order',
  turns: [...turns],
});

it('writes turns in order and feeds each once', async () => {
  const { projector, fed, written } = await projection();
  await projector.append('a', words(begun('a'), turn(2)));
  await projector.append('a', words(turn(3)));
  expect(await written('a')).toEqual([1, 2, 3]);
  expect(fed).toEqual(['a/1', 'a/2', 'a/3']);
});

it('leaves alone what was written before, whole or in part', async () => {
  const { projector, fed, written } = await projection();
  const first = words(begun('a', 'k-1'), turn(2));
  await projector.append('a', first);
  await projector.append('a', first);
  await projector.append('a', words(turn(2), turn(3)));
  await projector.append('a', words(turn(1)));
  expect(await written('a')).toEqual([1, 2, 3]);
  expect(fed).toEqual(['a/1', 'a/2', 'a/3']);
});

it('refuses what would leave a gap, until the gap is closed', async () => {
  const { projector, written } = await projection();
  await expect(projector.append('a', words(turn(2)))).rejects.toThrow(/turn 2 came before turn 1/);
  await projector.append('a', words(begun('a')));
  await expect(projector.append('a', words(turn(3)))).rejects.toThrow(/turn 3 came before turn 2/);
  await projector.append('a', words(turn(2)));
  await projector.append('a', words(turn(3)));
  expect(await written('a')).toEqual([1, 2, 3]);
});

it('writes what is brought twice at once only once', async () => {
  const { projector, fed, written } = await projection();
  const brought = Array.from({ length: 10 }, () =>
    projector.append('a', words(begun('a', 'k-1'), turn(2), turn(3))),
  );
  await Promise.all(brought);
  expect(await written('a')).toEqual([1, 2, 3]);
  expect(fed).toHaveLength(3);
});

it('holds up no saga for another one that has a gap', async () => {
  const { projector, written } = await projection();
  await Promise.all([
    expect(projector.append('a', words(turn(2)))).rejects.toThrow(/came before/),
    projector.append('b', words(begun('b'), turn(2))),
  ]);
  expect(await written('b')).toEqual([1, 2]);
});

it('does not take the start key of another saga for its own', async () => {
  const { projector } = await projection();
  await projector.append('a', words(begun('a', 'k-1')));
  await expect(projector.append('b', words(begun('b', 'k-1')))).rejects.toThrow(
    /saga b: its start key is that of saga a/,
  );
});
