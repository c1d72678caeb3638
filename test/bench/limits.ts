/**
 * What bounds the engine from above: the same rows in the same batches with nothing around them,
 * and the same turns without storage.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Effect, Turn } from '../../src/core/turn/inbound.ts';
import { begin, turn } from '../../src/core/turn/turn.ts';
import { commitOf } from '../../src/runtime/actor/commit-of.ts';
import { createBatchWriter } from '../../src/store/sqlite/writer/batch-writer.ts';
import { createCheckpointer } from '../../src/store/sqlite/writer/checkpointer.ts';
import { resolveDatabaseFile } from '../../src/store/sqlite/database-file.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { openWriterConnection } from '../../src/store/sqlite/writer/writer-connection.ts';
import { type TurnItem, toTurnItem } from '../../src/store/batch-items.ts';
import { fourStepSaga, RECEIPT } from './workload.ts';

const STATE_LENGTH = 1_000_000;
const WRITER_OPTIONS = {
  tablePrefix: '',
  maxPages: null,
  firstRetryDelayMs: 50,
  maxRetryDelayMs: 50,
};

type Advanced = Turn & { readonly kind: 'advanced' };

/**
 * Sagas per second of the bare loop that writes, in one thread, without an engine; after `warm` sagas
 * that are not counted.
 */
export async function storageLimit(sagas: number, batchSize: number, warm = 0): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-limit-'));
  try {
    const path = join(folder, 'limit.db');
    await (await openStore({ path })).close(); // the schema, migrated as the engine's own
    const realPath = resolveDatabaseFile(path);
    const before = recordedBatches(1, warm, batchSize);
    const batches = recordedBatches(warm + 1, warm + sagas, batchSize);
    const { db, names, ownerEpoch, lastSeq } = openWriterConnection({
      realPath,
      ...WRITER_OPTIONS,
    });
    const writer = createBatchWriter(db, { realPath, names, ownerEpoch, lastSeq });
    const checkpointer = createCheckpointer(db);
    const write = (batch: TurnItem[]): void => {
      const { kind } = writer.run(batch);
      if (kind !== 'done') throw new Error(`the bare loop could not write: ${kind}`);
      checkpointer.afterBatch();
    };
    before.forEach(write);
    const startMs = performance.now();
    batches.forEach(write);
    const seconds = (performance.now() - startMs) / 1_000;
    db.close();
    return sagas / seconds;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Sagas per second of the bare loop of turns: nothing stored, nothing encoded; see `storageLimit`. */
export function turnLimit(sagas: number, warm = 0): number {
  for (let order = 1; order <= warm; order += 1) walk(order, () => {});
  const startMs = performance.now();
  for (let order = 1; order <= sagas; order += 1) walk(order, () => {});
  return sagas / ((performance.now() - startMs) / 1_000);
}

// As under load: as many sagas side by side as a batch holds, each with one turn in every batch.
function recordedBatches(from: number, to: number, batchSize: number): readonly TurnItem[][] {
  const batches: TurnItem[][] = [];
  for (let first = from; first <= to; first += batchSize) {
    const wave: TurnItem[][] = [];
    const last = Math.min(to, first + batchSize - 1);
    for (let sid = first; sid <= last; sid += 1) {
      walk(sid, (taken, before) => {
        (wave[taken.state.seq - 1] ??= []).push(itemOf(sid, taken, before));
      });
    }
    batches.push(...wave);
  }
  return batches;
}

function walk(order: number, visit: (taken: Advanced, before: Advanced | null) => void): void {
  const nowMs = Date.now();
  let before: Advanced | null = null;
  let taken = begin(fourStepSaga, `saga-${order}`, { order }, nowMs);
  for (;;) {
    visit(taken, before);
    const start: StartEffect | undefined = taken.effects.find(isStart);
    if (start === undefined) return;
    before = taken;
    const outcome = { kind: 'done', output: RECEIPT } as const;
    const { activity, token } = start;
    const next = turn(
      fourStepSaga,
      taken.state,
      { kind: 'result', activity, token, outcome },
      nowMs,
    );
    if (next.kind !== 'advanced') throw new Error(`the saga did not advance: ${next.kind}`);
    taken = next;
  }
}

type StartEffect = Extract<Effect, { kind: 'start-activity' }>;

function isStart(effect: Effect): effect is StartEffect {
  return effect.kind === 'start-activity';
}

function itemOf(sid: number, { state, record, effects }: Advanced, before: Advanced | null) {
  const { id: type, version, hash: definitionHash } = fourStepSaga;
  const { atMs: createdAtMs } = record;
  const birth = { id: state.id, type, version, definitionHash, key: null, inputHash: null };
  const taken = { before: before?.state ?? null, after: state, record, effects };
  const pending = { sid, type, startedAtMs: createdAtMs, ...taken };
  const born = before === null ? { ...birth, createdAtMs } : null;
  return toTurnItem(
    commitOf(pending, { stateLength: STATE_LENGTH, marker: null }, { birth: born }),
  );
}
