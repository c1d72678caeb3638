/**
 * Events sent from an inspector, and the protocol of `@xstate/inspect`, read by that package's own
 * receiver in a process that has XState 4.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { durable } from '../../../src/core/define/durable.ts';
import { statePath } from '../../../src/core/machine/state-path.ts';
import { startServer, type RunningServer } from '../../../src/server/listening-server.ts';
import { declined, type HttpFixture, listWith, openFixture } from '../http-fixture.ts';
import { openSocket } from '../live/live-socket.ts';

const run = promisify(execFile);
const READER = fileURLToPath(import.meta.resolve('backstep-xstate4-inspect'));

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

describe('sending from an inspector', () => {
  const waiting = durable(
    createMachine({
      id: 'approval',
      initial: 'asked',
      states: {
        asked: { tags: ['waiting'], on: { approve: 'done' } },
        done: { type: 'final' },
      },
    }),
  );

  async function spawnWaiting(inspectorsMaySend: boolean): Promise<string> {
    await open({ inspectorsMaySend });
    http.backstep.register(waiting, { activities: {} });
    return (await http.backstep.spawn('approval', { input: {} })).id;
  }

  it('is refused with the way to switch it on, unless it is on', async () => {
    const id = await spawnWaiting(false);
    const { socket, ...inspector } = await openSocket(address('/inspect'));
    socket.send(
      JSON.stringify({ type: '@xstate.event', sessionId: id, event: { type: 'approve' } }),
    );
    await inspector.until((texts) =>
      texts.some((text) => text.includes('BACKSTEP_INSPECT_SEND=on')),
    );
    expect((await http.backstep.saga(id).state())?.status).toBe('waiting');
    socket.terminate();
  });

  it('reaches the saga when it is on, and a wrong event is answered with the reason', async () => {
    const id = await spawnWaiting(true);
    const { socket, ...inspector } = await openSocket(address('/inspect'));
    const send = (type: string): void =>
      socket.send(JSON.stringify({ type: '@xstate.event', sessionId: id, event: { type } }));
    send('reject');
    await inspector.until((texts) => texts.some((text) => text.includes('backstep.refused')));
    send('approve');
    expect((await http.backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
    socket.terminate();
  });

  it('works in the words of version 4 too', async () => {
    const id = await spawnWaiting(true);
    const read = readVersion4('', 4, id, JSON.stringify({ type: 'approve' }));
    expect((await read).map(({ type }) => type)).toEqual([
      'service.register',
      'service.event',
      'service.state',
      'service.stop',
    ]);
    expect((await http.backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
  });
});

describe('an @xstate/inspect receiver, which has XState 4', () => {
  it('reads machine, states and events of one saga', async () => {
    await open({ activities: { charge: declined } });
    const id = await http.settledOrder('declined');
    const journal = await http.backstep.read.transitions(id, { limit: 200, cursor: null });
    // One register, two messages for each turn, one stop.
    const messages = await readVersion4(`?saga=${id}`, 2 + 2 * journal.items.length);
    const [register] = messages;
    const drawn = http.backstep.definitions()[0]?.machine;
    expect(register).toMatchObject({ type: 'service.register', id: 'order', sessionId: id });
    expect(register?.['states']).toEqual(
      listWith(...Object.values(drawn?.states ?? {}).map(({ id: stateId }) => stateId)),
    );
    const states = messages.filter(({ type }) => type === 'service.state');
    expect(states.map(pathOf)).toEqual(journal.items.map(({ to }) => to));
    const [first, last] = [states[0], states.at(-1)];
    expect(first?.['nextEvents']).toEqual(
      listWith('done.invoke.reserve', 'error.platform.reserve'),
    );
    expect(last).toMatchObject({ value: 'compensated', done: true });
    expect(messages.at(-1)).toEqual({ type: 'service.stop', sessionId: id });
  });

  it('reads what is live, past sagas included', async () => {
    await open();
    const past = await http.settledOrder('past');
    const messages = await readVersion4('', 2);
    expect(messages).toMatchObject([
      { type: 'service.register', sessionId: past, value: 'completed' },
      { type: 'service.stop', sessionId: past },
    ]);
  });
});

const address = (path: string): string => server.url.replace('http', 'ws') + path;

function pathOf(place: object): string {
  return statePath('value' in place ? place.value : '');
}

/** What the reader with XState 4 understood. `send`: a saga, and an event for it. */
async function readVersion4(
  query: string,
  messages: number,
  ...send: readonly string[]
): Promise<readonly Record<string, unknown>[]> {
  const server4 = address(`/inspect/v4${query}`).replace('ws://', '');
  const { stdout } = await run(process.execPath, [READER, server4, String(messages), ...send]);
  const lines: unknown[] = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  return lines as readonly Record<string, unknown>[];
}
