/**
 * Sagas as Restate keeps them, in memory behind an ingress of its own, and a projection that hears of
 * their turns when a test says so.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { systemClock } from '../../src/host/clock.ts';
import { Feed } from '../../src/host/feed.ts';
import { handleOf } from '../../src/host/checked-handle.ts';
import { SagaWatchers } from '../../src/host/saga-watchers.ts';
import { SagaTelemetry } from '../../src/host/telemetry/saga-telemetry.ts';
import { Ingress } from '../../src/restate/face/ingress.ts';
import { freshReads, OwnTurns } from '../../src/restate/face/own-turns.ts';
import { Projector } from '../../src/restate/face/projector.ts';
import { RestateCalls } from '../../src/restate/face/saga-calls.ts';
import { RestateStarts } from '../../src/restate/face/saga-starts.ts';
import { type KeptSaga, wordsOf } from '../../src/restate/kept-saga.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { TurnWork } from '../../src/restate/turn-work.ts';
import { WorkerRegistry } from '../../src/restate/worker-registry.ts';
import { refusedAs, SAGA_WORDS, type Report } from '../../src/restate/words.ts';
import { createReadModels } from '../../src/store/queries/saga-queries.ts';
import type { TurnRecord } from '../../src/store/commit.ts';
import { openTestStore } from '../store/store-fixture.ts';

/** What a test does with one saga. */
export class LateProjection {
  readonly #registry = new WorkerRegistry();
  readonly #kept = new Map<string, KeptSaga>();
  readonly #unwritten: { readonly id: string; readonly type: string; readonly turn: TurnRecord }[] =
    [];
  #projector: Projector | null = null;

  /**
   * A face over a database of its own; `another`: one more, which was told nothing; `clock`: of looks
   * that wait.
   */
  static async open(definition: SagaDefinition) {
    const late = new LateProjection();
    const never = () => Promise.reject(new Error('nothing is called here'));
    const activities = Object.fromEntries(definition.activities.map((name) => [name, never]));
    late.#registry.add(definition, { activities });
    const store = await openTestStore();
    const watchers = new SagaWatchers();
    const feed = new Feed(() => {});
    const ingress = new Ingress(await late.#served(), systemClock);
    const shared = { store, clock: systemClock, registry: late.#registry, watchers, ingress };
    const telemetry = new SagaTelemetry(undefined);
    late.#projector = new Projector({ ...shared, feed, telemetry, marker: null });
    const clock = new VirtualClock();
    const face = () => {
      const own = new OwnTurns(clock, store);
      feed.subscribe(({ sagaId, sagaSeq }) => own.written(sagaId, sagaSeq));
      const calls = new RestateCalls({ ...shared, own, onError: () => {} });
      const randomId = (): Uint8Array => crypto.getRandomValues(new Uint8Array(16));
      const starts = new RestateStarts({ ...shared, own, randomId });
      return {
        saga: (id: string) => handleOf(calls, id, null),
        start: (input: unknown) => starts.spawn(definition.id, { input }),
        read: freshReads(createReadModels(store.tables()), own),
      };
    };
    return { late, clock, face: face(), another: face() };
  }

  /** The saga takes what an attempt came to: the one that is live, of that activity. */
  report(id: string, activity: string, outcome: (Report & { kind: 'result' })['outcome']): void {
    this.#take(id, (work) => {
      const { token } = work.state.live.activities[activity] ?? { token: -1 };
      work.take({ kind: 'result', activity, token, outcome });
    });
  }

  /** Writes so many of the turns that wait, by default all of them. */
  async write(count = this.#unwritten.length): Promise<void> {
    for (const { id, type, turn } of this.#unwritten.splice(0, count)) {
      await this.#projector?.append(id, { type, turns: [turn] });
    }
  }

  #take(id: string, act: (work: TurnWork) => void): KeptSaga {
    const kept = this.#kept.get(id);
    if (kept === undefined) throw new Error(`no saga ${id}`);
    const work = TurnWork.open(this.#place, id, kept, Date.now());
    act(work);
    return this.#keep(id, work);
  }

  #keep(id: string, work: TurnWork): KeptSaga {
    const { keep, turns } = work.commands();
    this.#kept.set(id, keep);
    this.#unwritten.push(...turns.map((turn) => ({ id, type: keep.facts.type, turn })));
    return keep;
  }

  get #place() {
    const unheard = { add: () => {} };
    return {
      registry: this.#registry,
      stateLength: 100_000,
      keepEndedMs: null,
      unheard,
      inline: null,
    };
  }

  async #served(): Promise<string> {
    const server = createServer((request, response) => {
      void bodyOf(request).then((words) => {
        const [id = '', handler = ''] = (request.url ?? '').split('/').slice(-2);
        response.end(JSON.stringify(this.#answer(id, handler, words)));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  #answer(id: string, handler: string, words: unknown): unknown {
    try {
      if (handler === 'start') return { done: this.#start(id, words) };
      if (handler === 'get') {
        const kept = this.#kept.get(id);
        return kept === undefined ? { kind: 'none' } : { kind: 'saga', saga: wordsOf(kept) };
      }
      const given =
        handler === 'event'
          ? SAGA_WORDS.event.parse(words).inbound
          : ({ kind: 'command', command: SAGA_WORDS.command.parse(words).command } as const);
      return { done: wordsOf(this.#take(id, (work) => work.take(given))) };
    } catch (error) {
      return refusedAs(error);
    }
  }

  #start(id: string, words: unknown) {
    const { type, version, input, key, inputHash, atMs } = SAGA_WORDS.start.parse(words);
    const { definition } = this.#registry.version(type, version);
    const born = { input, key, inputHash, hold: null, parent: null, trace: null };
    const work = TurnWork.begin(this.#place, id, definition, born, atMs);
    return { status: this.#keep(id, work).facts.status, isNew: true, isRemoved: false };
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? null : JSON.parse(text);
}
