/** What a face leaves behind that was not opened, or was stopped before it had begun. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openRestateBackstep, type RestateOptions } from '../../src/restate/face/open-restate.ts';
import { freePort } from '../ports.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';

const opened = (options: Pick<RestateOptions, 'database' | 'admin' | 'listen'>, more = {}) =>
  openRestateBackstep({ ingress: 'http://127.0.0.1:1', ...options, ...more });

it('a face that is refused leaves the database to whoever comes next', async () => {
  const database = temporaryDatabase();
  const options = { database, admin: 'http://127.0.0.1:1', listen: { port: 0 } };
  for (const [wrong, why] of [
    [{ keepEndedFor: 'soon' }, 'keepEndedFor'],
    [{ ingress: 'localhost:8080' }, '"localhost:8080" is no URL'],
    [{ admin: 'nowhere' }, '"nowhere" is no URL'],
  ] as const) {
    await expect(opened(options, wrong)).rejects.toThrow(why);
  }
  const face = await opened(options, { lockWaitMs: 0 });
  await face.stop();
});

it('a face that is stopped while it starts does not go on with it', async () => {
  // An admin port that answers once somebody has stopped the face.
  const asked = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const admin = createServer((_, response) => {
    asked.resolve();
    void stopped.promise.then(() => response.writeHead(500).end());
  });
  admin.listen(0, '127.0.0.1');
  await once(admin, 'listening');
  onTestFinished(() => void admin.close());
  const port = await freePort();
  const face = await opened({
    database: temporaryDatabase(),
    admin: `http://127.0.0.1:${(admin.address() as AddressInfo).port}`,
    listen: { port },
  });
  const started = face.start().catch((error: unknown) => error);
  await asked.promise;
  await face.stop({ within: 0 });
  stopped.resolve();
  expect(await started).toMatchObject({ code: 'unavailable' });
  expect(face.health().kind).toBe('stopping');
  const nobody = connect(port, '127.0.0.1');
  await expect(once(nobody, 'connect')).rejects.toThrow('ECONNREFUSED');
});
