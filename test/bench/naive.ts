/**
 * What one would write without a saga runtime: a live actor per saga whose snapshot is committed at
 * every transition. It loses timers and repeats calls after a crash; it is here for its speed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { assign, createActor, fromPromise, setup } from 'xstate';
import { RECEIPT } from './workload.ts';

const trivial = fromPromise(() => Promise.resolve(RECEIPT));

const machine = setup({
  types: { context: {} as { order: number; receipts: readonly unknown[] }, input: {} as number },
  actors: { trivial },
  actions: {
    keep: assign({
      receipts: ({ context, event }) => [
        ...context.receipts,
        Reflect.get(event, 'output') as unknown,
      ],
    }),
  },
}).createMachine({
  id: 'naive',
  context: ({ input }) => ({ order: input, receipts: [] }),
  initial: 'reserve',
  states: {
    reserve: { invoke: { src: 'trivial', onDone: { target: 'charge', actions: 'keep' } } },
    charge: { invoke: { src: 'trivial', onDone: { target: 'notify', actions: 'keep' } } },
    notify: { invoke: { src: 'trivial', onDone: { target: 'ship', actions: 'keep' } } },
    ship: { invoke: { src: 'trivial', onDone: { target: 'completed', actions: 'keep' } } },
    completed: { type: 'final' },
  },
});

/** Sagas per second, after `warm` sagas that are not counted. */
export async function naiveRate(sagas: number, concurrency: number, warm = 0): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-naive-'));
  const db = new Database(join(folder, 'naive.db'));
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.exec('CREATE TABLE sagas (id INTEGER PRIMARY KEY, snapshot TEXT NOT NULL) STRICT');
    const save = db.prepare('INSERT OR REPLACE INTO sagas VALUES (?, ?)');
    const run = (order: number): Promise<void> =>
      new Promise((resolve) => {
        const actor = createActor(machine, { input: order });
        actor.subscribe((snapshot) => {
          save.run(order, JSON.stringify(actor.getPersistedSnapshot()));
          if (snapshot.status === 'done') resolve();
        });
        actor.start();
      });
    let order = 0;
    const runUntil = async (last: number): Promise<void> => {
      const worker = async (): Promise<void> => {
        while (order < last) await run(++order);
      };
      await Promise.all(Array.from({ length: concurrency }, worker));
    };
    await runUntil(warm);
    const startMs = performance.now();
    await runUntil(warm + sagas);
    return sagas / ((performance.now() - startMs) / 1_000);
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}
