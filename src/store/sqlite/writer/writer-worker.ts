/**
 * The writer's thread: opens the only connection that writes and serves batches on it.
 *
 * Does nothing by itself: writer-loop.ts takes the batches in order, batch-writer.ts writes them.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWriter, ToWriter } from '../../batch-items.ts';
import { createBatchWriter } from './batch-writer.ts';
import { createCheckpointer } from './checkpointer.ts';
import { unusable } from '../database-file.ts';
import { hasNoRoom } from './disk-room.ts';
import { watchForeignWrites } from './foreign-writes.ts';
import { leaveClean } from '../ownership/ownership.ts';
import { openWriterConnection } from './writer-connection.ts';
import { WriterLoop } from './writer-loop.ts';
import type { WriterOptions } from './writer-thread.ts';

const port = parentPort;
const options = workerData as WriterOptions;
if (port !== null) start((message) => port.postMessage(message));

function start(send: (message: FromWriter) => void): void {
  try {
    const { db, names, ownerEpoch, ...opened } = openWriterConnection(options);
    const { lastSeq } = opened;
    const { realPath } = options;
    const stopWatching = watchForeignWrites(db, () => send({ kind: 'news' }));
    const loop = new WriterLoop({
      writer: createBatchWriter(db, { realPath, names, ownerEpoch, lastSeq }),
      checkpointer: createCheckpointer(db, () => hasNoRoom(realPath)),
      send,
      retry: options,
      close: () => {
        stopWatching();
        db.close();
      },
      leaveClean: () => leaveClean(db, names, ownerEpoch),
      leave: () => port?.close(),
    });
    port?.on('message', (message: ToWriter) => loop.take(message));
    send({ kind: 'opened', ...opened });
  } catch (thrown) {
    const { code, message } = unusable(options.realPath, thrown, 'check the file and its disk');
    send({ kind: 'refused', code, message });
    port?.close();
  }
}
