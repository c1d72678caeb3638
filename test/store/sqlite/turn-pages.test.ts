/** Which pages of a file a turn writes: each of them goes to the log whole. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connect, openTestStore, startOf, temporaryDatabase, turnOf } from '../store-fixture.ts';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

test('a turn of a saga in flight writes its row, its line and the key of that', async () => {
  const path = temporaryDatabase();
  const store = await openTestStore({ path });
  await store.commit(startOf(1));
  await store.commit(turnOf(1, 2, { saga: { step: 'pack' } }));
  const before = framesOf(path).length;
  await store.commit(turnOf(1, 3, { saga: { step: 'ship', isStandingSame: true } }));
  const table = connect(path)
    .prepare<[number], string>('SELECT name FROM dbstat WHERE pageno = ?')
    .pluck();
  const written = framesOf(path).slice(before);
  const tables = new Set(written.map((page) => table.get(page)));
  expect(tables).toEqual(new Set(['sagas', 'journal', 'journal_by_saga']));
  expect(written).toHaveLength(3);
});

/** The page of each frame of the log, in the order in which they were written. */
function framesOf(path: string): readonly number[] {
  const log = readFileSync(`${path}-wal`);
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8);
  const frames = Math.floor((log.length - HEADER_BYTES) / frameBytes);
  return Array.from({ length: frames }, (_, nth) =>
    log.readUInt32BE(HEADER_BYTES + nth * frameBytes),
  );
}
