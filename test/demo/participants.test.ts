/** The demo's participants as workers on Restate reach them: over HTTP, failing as they do by themselves. */
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { type ActivityContext, transactional } from '../../src/core/activity.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import { PermanentError, toFailure, TransientError } from '../../src/core/failure.ts';
import { ParticipantService } from '../../src/demo/restate/participants.ts';
import { remoteActivities, remoteSubscribers } from '../../src/demo/restate/remote-participants.ts';
import type { WriteOutcome } from '../../src/store/commit.ts';
import { freePort } from '../ports.ts';

type Call = (input: { of: string }) => unknown;
const NAMES = ['echo', 'refuse', 'fail', 'crash', 'hang', 'write'] as const;
type Given = Record<(typeof NAMES)[number], Call>;

const saga = NAMES.reduce(
  (draft, name) => draft.step(name, { kind: 'read-only', input: ({ input }) => input }),
  defineSaga({ id: 'calls', input: z.object({ of: z.string() }), activities: {} as Given }),
).build();

function contextOf(signal = new AbortController().signal): ActivityContext {
  const key = 'saga-1/step/forward/1';
  const known = { key, forwardKey: null, sagaId: 'saga-1', step: 'step', attempt: 2, nowMs: 5 };
  return { ...known, late: null, heartbeat: () => {}, signal, traceparent: null };
}

/** Serves activities, and gives what workers call them with. */
async function served(outcome: WriteOutcome = { kind: 'committed', changes: [] }) {
  const written: unknown[] = [];
  const heard: unknown[] = [];
  const hanging = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const service = new ParticipantService(async (statements) => {
    written.push(...statements);
    return outcome;
  });
  const register = service.through((definition, ...bindings) => {
    heard.push(definition.id, Object.keys(bindings[0]?.activities ?? {}));
  });
  register<object>(saga, {
    activities: {
      echo: (input: unknown, { heartbeat: _, signal: __, ...context }: ActivityContext) => ({
        input,
        context,
      }),
      refuse: () => Promise.reject(new PermanentError('no', 'not here')),
      fail: () => Promise.reject(new TransientError('later', 'not now')),
      crash: () => Promise.reject(Object.assign(new Error('who knows'), { code: 'lost' })),
      hang: (_: unknown, { signal }: ActivityContext) => {
        hanging.resolve();
        signal.addEventListener('abort', () => aborted.resolve());
        return new Promise(() => {});
      },
      write: transactional(({ of }: { of: string }) => ({
        statements: [{ sql: 'INSERT', parameters: [of] }],
        output: undefined,
      })),
    },
    subscribers: { 'calls.done': (event, delivery) => void heard.push(event, delivery.key) },
  });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const calls = remoteActivities(url, NAMES);
  const call = (name: (typeof NAMES)[number], context = contextOf()) =>
    Promise.resolve(calls[name]?.({ of: 'p-1' }, context));
  const listen = async (): Promise<void> => onTestFinished(await service.listen(port));
  return { service, listen, url, call, written, heard, hanging, aborted };
}

test('an activity is given its input and its context, and its output comes back', async () => {
  const { listen, call, heard } = await served();
  await listen();
  const { heartbeat: _, signal: __, ...context } = contextOf();
  expect(await call('echo')).toEqual({ input: { of: 'p-1' }, context });
  expect(heard).toEqual(['calls', [...NAMES]]);
});

test('an activity fails at the worker as it failed by itself', async () => {
  const { listen, call } = await served();
  await listen();
  const failureOf = (name: (typeof NAMES)[number]) => call(name).catch(toFailure);
  const no = { code: 'no', message: 'not here', retryable: false, ambiguous: false };
  expect(await failureOf('refuse')).toEqual(no);
  const later = { code: 'later', message: 'not now', retryable: true, ambiguous: false };
  expect(await failureOf('fail')).toEqual(later);
  const lost = { code: 'lost', message: 'who knows', retryable: true, ambiguous: true };
  expect(await failureOf('crash')).toEqual(lost);
});

test('what commits with a turn elsewhere is written in a transaction of its own', async () => {
  const { listen, call, written } = await served();
  await listen();
  expect(await call('write')).toBeUndefined();
  expect(written).toEqual([{ sql: 'INSERT', parameters: ['p-1'] }]);

  const unmet = await served({ kind: 'unmet', code: 'sold-out', message: 'none left' });
  await unmet.listen();
  expect(await unmet.call('write').catch(toFailure)).toMatchObject({
    code: 'sold-out',
    retryable: false,
  });
});

test('a call waits for a service that is not there yet, for as long as its attempt lasts', async () => {
  const { listen, call } = await served();
  const given = new AbortController();
  const gaveUp = call('echo', contextOf(given.signal));
  given.abort(new Error('the time is over'));
  await expect(gaveUp).rejects.toThrow(/the time is over|aborted/);
  const waiting = call('echo');
  await listen();
  expect(await waiting).toMatchObject({ input: { of: 'p-1' } });
});

test('an attempt that is given up aborts its activity', async () => {
  const { listen, call, hanging, aborted } = await served();
  await listen();
  const given = new AbortController();
  const hung = call('hang', contextOf(given.signal));
  await hanging.promise;
  given.abort(new Error('the time is over'));
  await expect(hung).rejects.toThrow('the time is over');
  await aborted.promise;
});

test('an event reaches its subscriber with the key of its delivery', async () => {
  const { listen, url, heard } = await served();
  await listen();
  const { signal } = new AbortController();
  const event = { type: 'calls.done', of: 'p-1' };
  const subscribers = remoteSubscribers(url, ['calls.done']);
  await subscribers['calls.done']?.(event, { sagaId: 'saga-1', key: 'key-1', signal });
  expect(heard.slice(2)).toEqual([event, 'key-1']);
});

test('the worker that called last is told to end, or else the next one that calls', async () => {
  const { service, listen, url, hanging, call } = await served();
  await listen();
  const post = async (name: string): Promise<unknown> => {
    const { heartbeat: _, signal: __, ...context } = contextOf();
    const answer = await fetch(`${url}/activities/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: { of: 'p-1' }, context }),
    });
    return answer.json();
  };
  const hung = post('hang');
  await hanging.promise;
  service.endWorker();
  expect(await hung).toEqual({ kind: 'end' });
  service.endWorker();
  expect(await post('echo')).toEqual({ kind: 'end' });
  expect(await call('echo')).toMatchObject({ input: { of: 'p-1' } });
});

test.each([
  ['a page of another site', { 'content-type': 'application/json', origin: 'http://evil.example' }],
  ['a form', { 'content-type': 'text/plain' }],
])('%s reaches no participant', async (_, headers) => {
  const { listen, url, written } = await served();
  await listen();
  const body = JSON.stringify({ input: { of: 'p-1' }, context: {} });
  const answer = await fetch(`${url}/activities/write`, { method: 'POST', headers, body });
  expect([403, 415]).toContain(answer.status);
  expect(written).toEqual([]);
});
