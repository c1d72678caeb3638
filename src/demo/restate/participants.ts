/**
 * The demo's participants as a service of their own: workers on Restate call them here, where their
 * tables, the fault lab and the payment provider's address are.
 *
 * What commits with a turn on one database is here a transaction of its own: each of its statements
 * may be written twice to the same effect. Must never answer a browser, or another machine.
 */
import { createAdaptorServer } from '@hono/node-server';
import { once } from 'node:events';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { guardProvider } from '../../../actors/payment/payment-provider-guard.ts';
import type { Activity, RemoteActivity } from '../../core/activity.ts';
import { BackstepError } from '../../core/errors.ts';
import { toFailure } from '../../core/failure.ts';
import type { Backstep, MachineBindings, Subscriber } from '../../host/backstep.ts';
import { detached } from '../../restate.ts';
import { type Answer, ASKED_OF_ACTIVITY, ASKED_OF_SUBSCRIBER, PATHS } from './participant-words.ts';

const HOST = '127.0.0.1';
const MAX_BODY_BYTES = 1024 * 1024;

type Write = Backstep['store']['write'];

export class ParticipantService {
  readonly #write: Write;
  readonly #activities = new Map<string, RemoteActivity<never, unknown>>();
  readonly #subscribers = new Map<string, Subscriber>();
  /** Ends the worker of each call under way, in the order in which they came. */
  readonly #callers = new Set<() => void>();
  #endsNext = false;

  constructor(write: Write) {
    this.#write = write;
  }

  /** `register` of a host that runs the sagas elsewhere: what is bound is served here as well. */
  through(register: Backstep['register']): Backstep['register'] {
    return (definition, ...given) => {
      const [bindings = {}] = given;
      const { activities = {}, subscribers = {} }: MachineBindings = bindings;
      const remote = Object.entries(activities).map(
        ([name, each]) => [name, this.#remote(each)] as const,
      );
      for (const [name, each] of remote) this.#activities.set(name, each);
      for (const [type, each] of Object.entries(subscribers)) this.#subscribers.set(type, each);
      // The host calls none of them: it only has to know that they are there.
      register<object>(definition, { ...bindings, activities: Object.fromEntries(remote) });
    };
  }

  /** Listens, and gives what ends that. Throws `input-invalid`: the port is taken. */
  async listen(port: number): Promise<() => void> {
    const server = createAdaptorServer({ fetch: this.#app().fetch });
    server.listen(port, HOST);
    try {
      await once(server, 'listening');
    } catch (cause) {
      const message = `participants cannot be served on port ${port}: ${String(cause)}`;
      throw new BackstepError('input-invalid', message, { cause });
    }
    return () => {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
    };
  }

  /** Ends the worker that called last at once, or else the next one that calls. */
  endWorker(): void {
    const last = [...this.#callers].at(-1);
    if (last === undefined) this.#endsNext = true;
    else last();
  }

  #app(): Hono {
    const app = new Hono();
    app.use(
      guardProvider(({ status, code, detail }) => Response.json({ code, detail }, { status })),
    );
    app.use(bodyLimit({ maxSize: MAX_BODY_BYTES }));
    app.post(`${PATHS.activities}/:name`, async (c) => {
      const { input, context } = ASKED_OF_ACTIVITY.parse(await c.req.json());
      const { signal } = c.req.raw;
      const activity = this.#activities.get(c.req.param('name'));
      return c.json(
        await this.#answer(activity, (call) =>
          call(input as never, { ...context, heartbeat: () => {}, signal }),
        ),
      );
    });
    app.post(`${PATHS.subscribers}/:type`, async (c) => {
      const { event, sagaId, key } = ASKED_OF_SUBSCRIBER.parse(await c.req.json());
      const { signal } = c.req.raw;
      const subscriber = this.#subscribers.get(c.req.param('type'));
      return c.json(await this.#answer(subscriber, (call) => call(event, { sagaId, key, signal })));
    });
    return app;
  }

  async #answer<Called>(
    called: Called | undefined,
    call: (called: Called) => unknown,
  ): Promise<Answer> {
    if (called === undefined) throw new Error('there is no such participant');
    const ended = Promise.withResolvers<Answer>();
    const end = (): void => ended.resolve({ kind: 'end' });
    this.#callers.add(end);
    if (this.#endsNext) {
      this.#endsNext = false;
      end();
    }
    try {
      return await Promise.race([answerOf(called, call), ended.promise]);
    } finally {
      this.#callers.delete(end);
    }
  }

  #remote(activity: Activity): RemoteActivity<never, unknown> {
    return typeof activity === 'function' ? activity : detached(activity, this.#write);
  }
}

async function answerOf<Called>(
  called: Called,
  call: (called: Called) => unknown,
): Promise<Answer> {
  try {
    return { kind: 'done', output: await call(called) };
  } catch (error) {
    return { kind: 'failed', failure: toFailure(error) };
  }
}
