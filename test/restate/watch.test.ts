/** What the face says of the way that Restate speaks with the workers. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createEndpointHandler, service } from '@restatedev/restate-sdk';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type Logger, silentLogger } from '../../src/host/turn-log.ts';
import { openRestateBackstep, serveWorker } from '../../src/restate.ts';
import { Admin } from '../../src/restate/face/admin.ts';
import { SERVICES } from '../../src/restate/names.ts';
import { freePort } from '../ports.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';
import { describeOnRestate, restateServer } from './rig.ts';
import type { RestateServer } from './server.ts';

async function deploymentsOf({ admin }: RestateServer) {
  return new Admin(admin).deployments();
}

/** Attempts behind what speaks HTTP/1.1 alone, as a proxy that knows no better makes of workers. */
async function oneWayAtATime(): Promise<string> {
  const attempts = service({ name: SERVICES.attempt, handlers: { run: async () => {} } });
  const server = createServer(createEndpointHandler({ services: [attempts], logger: () => {} }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A face that nobody has started yet, and what it logs. */
async function faceOf(server: RestateServer, url?: string) {
  const logged: string[] = [];
  const log = (_: unknown, message: string): void => void logged.push(message);
  const port = await freePort();
  const backstep = await openRestateBackstep({
    ingress: server.ingress,
    admin: server.admin,
    listen: { port, ...(url === undefined ? {} : { url }) },
    database: temporaryDatabase(),
    logger: { ...silentLogger, isLevelEnabled: () => true, error: log, info: log },
  });
  onTestFinished(() => backstep.stop({ within: 0 }));
  const reason = (): string => {
    const health = backstep.health();
    return 'reason' in health ? health.reason : '';
  };
  return { backstep, logged, reason };
}

const POLLING = { timeout: 20_000 };
const STALLED = 'sagas on Restate do not go on; trying again';

describeOnRestate('the health of sagas on Restate', () => {
  it('is stalled where Restate starts later than the face, and ready once it is there', async () => {
    const server = await restateServer();
    await server.kill();
    const { backstep, logged, reason } = await faceOf(server);
    await backstep.start();
    expect(backstep.health().kind).toBe('stalled');
    expect(reason()).toMatch(/^Restate's admin port at http.*: .*ECONNREFUSED/);
    expect(logged).toEqual([STALLED]);
    await server.start();
    await expect.poll(() => backstep.health().kind, POLLING).toBe('ready');
    // While it starts it may fail for another reason, which is told too.
    expect(logged.filter((line) => line !== STALLED)).toEqual([
      'projecting what sagas on Restate leave behind',
      'sagas on Restate go on',
    ]);
    const [told] = await deploymentsOf(server);
    expect(told?.services.map(({ name }) => name)).toEqual([SERVICES.journal]);

    // As of a server whose data somebody removed.
    const gone = `${server.admin}/deployments/${told?.id}?force=true`;
    expect((await fetch(gone, { method: 'DELETE' })).ok).toBe(true);
    await expect.poll(async () => (await deploymentsOf(server)).length, POLLING).toBe(1);
  });

  it('is stalled where Restate cannot reach the face, and says at which address', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { backstep, reason } = await faceOf(await restateServer(), url);
    await backstep.start();
    expect(backstep.health().kind).toBe('stalled');
    expect(reason()).toContain(url);
  });

  it('is stalled while workers are reached by request and response, until they are both ways at once', async () => {
    const server = await restateServer();
    const url = await oneWayAtATime();
    const told = await fetch(`${server.admin}/deployments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri: url, use_http_11: true }),
    });
    expect(told.status).toBe(201);

    const error = vi.fn<Logger['error']>();
    const backstep = await openRestateBackstep({
      ingress: server.ingress,
      admin: server.admin,
      listen: { port: await freePort() },
      database: temporaryDatabase(),
      logger: { ...silentLogger, isLevelEnabled: () => true, error },
    });
    onTestFinished(() => backstep.stop({ within: 0 }));
    await backstep.start();
    // Whoever would move sagas out of this database is refused by it.
    const { tables } = backstep.store;
    expect(await tables().selectFrom('engine').select('is_projection').execute()).toEqual([
      { is_projection: 1 },
    ]);
    const health = backstep.health();
    expect(health.kind).toBe('stalled');
    expect('reason' in health && health.reason).toContain(`workers at ${url}/ by request`);
    expect(error).toHaveBeenCalledWith(
      expect.anything(),
      'sagas on Restate do not go on; trying again',
    );

    const worker = await serveWorker({ port: 0, register: () => {} });
    onTestFinished(() => worker.stop());
    await server.register(`http://127.0.0.1:${worker.port}`);
    await expect.poll(() => backstep.health().kind, { timeout: 10_000 }).toBe('ready');
  });
});
