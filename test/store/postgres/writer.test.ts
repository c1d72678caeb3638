/** When a batch goes to the server. */
import { Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type FromWriter, toTurnItem } from '../../../src/store/batch-items.ts';
import { PostgresWriter } from '../../../src/store/postgres/writer/writer.ts';
import { describeOnPostgres } from '../../postgres/databases.ts';
import { postgresStoreDatabase } from '../../postgres/postgres-store.ts';
import { startOf } from '../saga-commits.ts';

describeOnPostgres('the writer of batches', () => {
  it('has a batch on its way before anything else can run', async () => {
    const { url } = await postgresStoreDatabase();
    const writer = new PostgresWriter({ url, schema: 'backstep' });
    onTestFinished(() => writer.terminate());
    let { promise: said, resolve: say } = Promise.withResolvers<FromWriter>();
    writer.listen(
      (message) => say(message),
      () => {},
    );
    expect(await said).toMatchObject({ kind: 'opened' });

    ({ promise: said, resolve: say } = Promise.withResolvers<FromWriter>());
    const write = vi.spyOn(Socket.prototype, 'write');
    onTestFinished(() => write.mockRestore());
    writer.send({ kind: 'batch', items: [toTurnItem(startOf(1))] });
    expect(write).toHaveBeenCalledOnce();
    expect(await said).toMatchObject({ kind: 'done', outcomes: [1] });
  });
});
