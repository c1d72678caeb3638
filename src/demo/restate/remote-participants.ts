/**
 * The participants as a worker sees them: every call goes to their service, which fails as they do.
 *
 * A call that reached nobody is made again for as long as the attempt lasts: nothing happened. One
 * whose answer is lost fails like any call of a service, and may have happened.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { ActivityContext, RemoteActivity } from '../../core/activity.ts';
import { type Failure, PermanentError, TransientError } from '../../core/failure.ts';
import type { Subscriber } from '../../host/backstep.ts';
import { type Answer, PATHS, readAnswer } from './participant-words.ts';

const AGAIN_AFTER_MS = 200;

/** The activities of these names. */
export function remoteActivities(
  url: string,
  names: readonly string[],
): Readonly<Record<string, RemoteActivity<unknown, unknown>>> {
  const activity =
    (name: string) =>
    async (input: unknown, { heartbeat: _, signal, ...context }: ActivityContext) =>
      outputOf(await ask(`${url}${PATHS.activities}/${name}`, { input, context }, signal));
  return Object.fromEntries(names.map((name) => [name, activity(name)]));
}

/** The subscribers of events of these types. */
export function remoteSubscribers(
  url: string,
  types: readonly string[],
): Readonly<Record<string, Subscriber>> {
  const subscriber =
    (type: string): Subscriber =>
    async (event, { signal, ...delivery }) =>
      void outputOf(
        await ask(`${url}${PATHS.subscribers}/${type}`, { event, ...delivery }, signal),
      );
  return Object.fromEntries(types.map((type) => [type, subscriber(type)]));
}

async function ask(url: string, body: object, signal: AbortSignal): Promise<Answer> {
  const asked = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  };
  for (;;) {
    try {
      const answer = await fetch(url, asked);
      const text = await answer.text();
      if (answer.ok) return readAnswer(text);
      throw new Error(`the participants' service answers ${answer.status}: ${text}`);
    } catch (error) {
      if (!isUnreached(error)) throw error;
      await pause(AGAIN_AFTER_MS, undefined, { signal });
    }
  }
}

function outputOf(answer: Answer): unknown {
  switch (answer.kind) {
    case 'done':
      return answer.output;
    case 'failed':
      throw errorOf(answer.failure);
    case 'end':
      process.kill(process.pid, 'SIGKILL');
  }
}

/** The error that stands for this failure where it is caught. */
function errorOf({ code, message, retryable, ambiguous }: Failure): Error {
  if (!retryable) return new PermanentError(code, message);
  if (!ambiguous) return new TransientError(code, message);
  return Object.assign(new Error(message), { code });
}

function isUnreached(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return Reflect.get(Object(error.cause), 'code') === 'ECONNREFUSED';
}
