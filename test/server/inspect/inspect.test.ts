/** The inspectors' sockets, read by the receiver of `@statelyai/inspect` itself. */
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { statePath } from '../../../src/core/machine/state-path.ts';
import { startServer, type RunningServer } from '../../../src/server/listening-server.ts';
import { declined, type HttpFixture, listWith, openFixture } from '../http-fixture.ts';
import { openSocket } from '../live/live-socket.ts';

let http: HttpFixture;
let server: RunningServer;
async function open(options: Parameters<typeof openFixture>[0] = {}): Promise<void> {
  http = await openFixture(options);
  server = await startServer(http.app, { host: '127.0.0.1', port: 0 });
}
afterEach(async () => {
  await server.close();
  await http.dispose();
});

describe('a @statelyai/inspect receiver', () => {
  it('gets every saga there is with its machine and where it stands, on every connect', async () => {
    await open();
    const ids = [await http.settledOrder('one'), await http.settledOrder('two')];
    for (const _connect of ['first', 'second']) {
      const inspector = receive();
      await inspector.until((events) => events.length === 2);
      expect(inspector.events.map(({ sessionId }) => sessionId)).toEqual(ids);
      const [actor] = inspector.events;
      expect(actor).toMatchObject({
        type: '@xstate.actor',
        name: 'order',
        rootId: ids[0],
        _version: '0.7.2',
        snapshot: { status: 'done', value: 'completed' },
      });
      // What the inspector draws: a machine that XState itself can read.
      const { definition = '' } = actor as { definition?: string };
      const machine = createMachine(JSON.parse(definition) as Parameters<typeof createMachine>[0]);
      const drawn = http.backstep.definitions()[0]?.machine;
      expect(Object.keys(machine.states)).toEqual(Object.keys(drawn?.states ?? {}));
    }
  });

  it('gets what commits after it connected, each turn once, in order, with its snapshot', async () => {
    await open();
    await http.settledOrder('before');
    const inspector = receive();
    await inspector.until((events) => events.length === 1);
    const id = await http.settledOrder('live');
    await inspector.until((events) => events.length > 1 && events.some(isDone));
    expect(inspector.events.slice(1).map(shortly)).toEqual([
      ['actor', id],
      ['event', id, 'xstate.init'],
      ['snapshot', id, 'xstate.init'],
      ['event', id, 'xstate.done.actor.reserve'],
      ['snapshot', id, 'xstate.done.actor.reserve'],
      ['event', id, 'xstate.done.actor.charge'],
      ['snapshot', id, 'xstate.done.actor.charge'],
    ]);
  });

  it('gets the whole past of one saga, every snapshot as it was', async () => {
    await open({ activities: { charge: declined } });
    const id = await http.settledOrder('declined');
    await http.settledOrder('another');
    const inspector = receive(`?saga=${id}`);
    await inspector.until((events) => events.some(isDone));
    const journal = await http.backstep.read.transitions(id, { limit: 200, cursor: null });
    const snapshots = inspector.events.filter(({ type }) => type === '@xstate.snapshot');
    expect(new Set(inspector.events.map(({ sessionId }) => sessionId))).toEqual(new Set([id]));
    expect(snapshots.map((event) => pathIn(event))).toEqual(
      journal.items.filter(({ kind }) => kind === 'transition').map(({ to }) => to),
    );
    expect(inspector.events.at(-1)).toMatchObject({
      snapshot: { status: 'done', value: 'compensated', tags: listWith('compensated') },
    });
  });

  it('sees no secret of an input', async () => {
    await open();
    const input = { orderId: 'secret', quantity: 1, cardNumber: '4111-1111' };
    const { id } = await http.backstep.spawn('order', { input });
    await http.backstep.saga(id).settled({ within: 10_000 });
    const socket = await openSocket(address(`/inspect?saga=${id}`));
    await socket.until((texts) => texts.some((text) => text.includes('"status":"done"')));
    expect(socket.texts.join('\n')).toContain('[redacted]');
    expect(socket.texts.join('\n')).not.toContain('4111');
    socket.socket.terminate();
  });

  it('knows the parent of a child saga', async () => {
    await open();
    const child = defineSaga({
      id: 'account',
      input: z.object({}),
      activities: {} as { open: (input: object) => void; close: (input: object) => void },
    })
      .step('open', {
        input: () => ({}),
        compensate: { activity: 'close', input: () => ({}) },
      })
      .build();
    const parent = durable(
      createMachine({
        id: 'customer',
        initial: 'opening',
        states: {
          opening: {
            invoke: {
              id: 'account',
              src: 'account',
              input: {},
              onDone: 'opened',
              onError: 'opened',
            },
          },
          opened: { type: 'final' },
        },
      }),
      { children: { account: child } },
    );
    http.backstep.register(child, { activities: { open: () => {}, close: () => {} } });
    http.backstep.register(parent, { activities: {} });
    await http.settledOrder('before');
    const inspector = receive();
    await inspector.until((events) => events.length === 1);
    const { id } = await http.backstep.spawn('customer', { input: {} });
    await http.backstep.saga(id).settled({ within: 10_000 });
    await inspector.until((events) =>
      events.some((event) => isDone(event) && event.sessionId === id),
    );
    const actors = inspector.events.slice(1).filter(({ type }) => type === '@xstate.actor');
    expect(actors).toMatchObject([
      { sessionId: id, rootId: id, name: 'customer' },
      { parentId: id, rootId: id, name: 'account' },
    ]);
  });
});

describe("the inspectors' sockets", () => {
  it('refuse another origin, host or token', async () => {
    const token = 'a'.repeat(32);
    await open({ security: { allowedHosts: ['127.0.0.1'], token } });
    const answer = async (headers: Record<string, string>): Promise<string> =>
      openSocket(address('/inspect/v4'), headers).then(
        () => 'opened',
        (error: unknown) => String(error),
      );
    expect(await answer({ origin: 'http://elsewhere.example' })).toBe('Error: 403');
    expect(await answer({ host: 'elsewhere.example' })).toBe('Error: 421');
    expect(await answer({})).toBe('Error: 401');
    expect(await answer({ authorization: `Bearer ${token}` })).toBe('opened');
  });

  it('name what is wrong with their query', async () => {
    await open();
    await expect(openSocket(address('/inspect?saga=nobody'))).rejects.toThrow('404');
    await expect(openSocket(address('/inspect?limit=0'))).rejects.toThrow('400');
    expect((await http.send('GET', '/inspect')).status).toBe(426);
  });
});

const address = (path: string): string => server.url.replace('http', 'ws') + path;

interface Received {
  readonly events: readonly StatelyInspectionEvent[];
  until(predicate: (events: readonly StatelyInspectionEvent[]) => boolean): Promise<void>;
}

function receive(query = ''): Received {
  const events: StatelyInspectionEvent[] = [];
  const watchers = new Set<() => void>();
  createWebSocketReceiver({ server: address(`/inspect${query}`) }).subscribe((event) => {
    events.push(event);
    for (const watcher of watchers) watcher();
  });
  return {
    events,
    until: (predicate) =>
      new Promise((resolve) => {
        const check = (): void => void (predicate(events) && resolve());
        watchers.add(check);
        check();
      }),
  };
}

function shortly({ type, sessionId, ...rest }: StatelyInspectionEvent): readonly string[] {
  const event = 'event' in rest ? [rest.event.type] : [];
  return [type.replace('@xstate.', ''), sessionId, ...event];
}

/** A snapshot that ends its saga. */
function isDone(event: StatelyInspectionEvent): boolean {
  return event.type === '@xstate.snapshot' && event.snapshot.status === 'done';
}

function pathIn(event: StatelyInspectionEvent): string {
  return pathOf('snapshot' in event ? { ...event.snapshot } : {});
}

function pathOf(place: object): string {
  return statePath('value' in place ? place.value : '');
}
