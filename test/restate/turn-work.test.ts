/** What a call of a saga's object comes to, without Restate: turns, and one list of commands. */
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import type { MachineBindings } from '../../src/host/backstep.ts';
import { hashOf } from '../../src/host/starts/start-input.ts';
import { type KeptSaga, keptSaga } from '../../src/restate/kept-saga.ts';
import type { Send } from '../../src/restate/send.ts';
import type { Commands } from '../../src/restate/sends.ts';
import { TurnWork } from '../../src/restate/turn-work.ts';
import { detached } from '../../src/restate/detached.ts';
import { WorkerRegistry } from '../../src/restate/worker-registry.ts';
import { ATTEMPT_WORDS, JOURNAL_WORDS, type Report } from '../../src/restate/words.ts';
import { INPUT, requestSaga } from '../conformance/sagas.ts';
import { transactional } from '../../src/core/activity.ts';
import { PermanentError } from '../../src/core/failure.ts';

const request = requestSaga();

const NOW_MS = 1_000;
const done = () => ({ receipt: 'r' });
const bindings = {
  activities: { file: done, withdraw: done, grant: done, revoke: done },
};

function place(definition: SagaDefinition = request, more: Partial<MachineBindings> = {}) {
  const registry = new WorkerRegistry();
  registry.add(definition, { ...bindings, ...more });
  const unheard = { add: () => {} };
  return { registry, stateLength: 100_000, keepEndedMs: null, unheard, inline: null };
}

function begun(at = place()): Commands {
  const inputHash = hashOf(INPUT);
  const born = { input: INPUT, key: 'k', inputHash, hold: null, parent: null, trace: null };
  return TurnWork.begin(
    at,
    's1',
    at.registry.newest('request').definition,
    born,
    NOW_MS,
  ).commands();
}

function after(
  kept: KeptSaga,
  act: (work: TurnWork) => void,
  at = place(),
  atMs = NOW_MS,
): Commands {
  const work = TurnWork.open(at, 's1', kept, atMs);
  act(work);
  return work.commands();
}

const told = ({ sends }: Commands): readonly string[] =>
  sends.map(({ service, handler }) => `${service.replace('backstep-', '')}/${handler}`);
const sent = ({ sends }: Commands, handler: string): Send | undefined =>
  sends.find((each) => each.handler === handler);

/** What the attempt that a call sends comes to. */
function filed({ sends }: Commands = begun()): Report {
  const { words } = sends.find(({ handler }) => handler === 'run') ?? {};
  const { activity, token } = ATTEMPT_WORDS.parse(words).effect;
  return { kind: 'result', activity, token, outcome: { kind: 'done', output: done() } };
}

describe('what a call of a saga comes to', () => {
  it('is its journal first, then its attempts, then the wake for its earliest timer', () => {
    expect(told(begun())).toEqual(['journal/append', 'attempt/run', 'saga/wake']);
    const waiting = after(begun().keep, (work) => work.takeAlone(filed()));
    expect(told(waiting)).toEqual(['journal/append', 'saga/wake']);
    expect(sent(waiting, 'wake')).toMatchObject({ key: 's1', delayMs: 3_600_000 });
  });

  it('is the same however often it is worked out from the same state', () => {
    const { keep } = begun();
    const once = after(keep, (work) => work.takeAlone(filed()));
    const again = after(keptSaga.deserialize(keptSaga.serialize(keep)), (work) =>
      work.takeAlone(filed()),
    );
    expect(JSON.stringify(again.sends)).toBe(JSON.stringify(once.sends));
    expect(again.keep).toEqual(once.keep);
  });

  it('leaves records that a projection takes as they arrive, with the checksum of the state', () => {
    const { sends, keep } = begun();
    const { turns } = JOURNAL_WORDS.parse(JSON.parse(JSON.stringify(sends[0]?.words)));
    expect(turns[0]?.birth).toMatchObject({ id: 's1', key: 'k', inputHash: hashOf(INPUT) });
    expect(turns[0]?.saga).toMatchObject({ state: keep.text, checksum: crc32(keep.text) });
  });

  it('wakes once for all timers: another call only for an earlier one', () => {
    const waiting = after(begun().keep, (work) => work.takeAlone(filed()));
    const noted = after(waiting.keep, (work) => work.takeAlone(filed()));
    expect(told(noted)).toEqual(['journal/append']);
    const woken = after(waiting.keep, (work) => work.note({ wakeMs: null }));
    expect(told(woken)).toEqual(['saga/wake']);
  });

  it('is never earlier than the turn before, whatever the clock of the sender says', () => {
    const { keep } = begun();
    const late = after(keep, (work) => work.takeAlone(filed()), place(), NOW_MS - 500);
    expect(late.keep.facts.atMs).toBe(NOW_MS);
  });

  it('stops what the turn leaves by its name', () => {
    const left = after(begun().keep, (work) =>
      work.take({ kind: 'command', command: { name: 'terminate' } }),
    );
    expect(left.stops).toEqual([sent(begun(), 'run')?.attempt]);
    expect(left.live.size).toBe(0);
  });

  it('parks a saga whose own code throws, and keeps what it was told', () => {
    const broken = defineSaga({
      id: 'broken',
      input: z.object({ of: z.string() }),
      activities: {} as Record<'first' | 'undo', (input: { readonly of: string }) => null>,
    })
      .step('first', {
        input: ({ input }) => input,
        compensate: { activity: 'undo', input: ({ input }) => input },
      })
      .step('second', {
        activity: 'first',
        input: () => {
          throw new Error('poison');
        },
        compensate: { activity: 'undo', input: ({ input }) => input },
      })
      .build();
    const undo = () => null;
    const at = place(broken, { activities: { first: undo, undo } });
    const born = { input: INPUT, key: null, inputHash: '', hold: null, parent: null, trace: null };
    const first = TurnWork.begin(at, 's1', broken, born, NOW_MS).commands();
    const parked = after(first.keep, (work) => work.takeAlone(filed(first)), at);
    expect(parked.keep.facts.status).toBe('parked');
    expect(told(parked)).toContain('journal/append');
  });

  it('parks as it is what cannot be opened, with its text untouched', () => {
    const { keep } = begun();
    const gone = { ...keep, facts: { ...keep.facts, version: 9 } };
    expect(() => after(gone, () => {})).toThrow(/version 9 is not registered/);
    const failure = {
      code: 'version-missing',
      message: 'gone',
      retryable: false,
      ambiguous: false,
    };
    const parked = TurnWork.park(place(), 's1', gone, failure, NOW_MS).commands();
    expect(parked.keep).toMatchObject({
      text: keep.text,
      facts: { status: 'parked', seq: 2, parkFailure: failure },
    });
    expect(told(parked)).toEqual(['journal/append']);
  });

  it('tells the parent last, once, that its child is over', () => {
    const watch = { parent: 'p1', activity: 'child', token: 7, isUnwinding: false };
    const ended = after(begun().keep, (work) => {
      work.note({ watch });
      work.take({ kind: 'command', command: { name: 'terminate' } });
    });
    expect(ended.sends.at(-1)).toMatchObject({
      key: 'p1',
      handler: 'report',
      words: { inbound: { kind: 'result', activity: 'child', token: 7 } },
    });
    expect(ended.keep.facts.watch).toBeNull();
  });
});

describe('an event that a saga emits', () => {
  const telling = defineSaga({
    id: 'telling',
    input: z.object({ of: z.string() }),
    activities: {} as Record<'file', typeof done>,
  })
    .step('file', { kind: 'retriable', input: () => undefined })
    .emitOnCompleted(() => ({ type: 'told' }))
    .build();
  const toldOnce = (subscribers: Readonly<Record<string, () => void>>) => {
    const unheard: unknown[] = [];
    const at = {
      ...place(telling, { subscribers }),
      unheard: { add: (event: unknown, heard: unknown) => void unheard.push(event, heard) },
    };
    const born = { input: INPUT, key: null, inputHash: '', hold: null, parent: null, trace: null };
    const begins = TurnWork.begin(at, 's1', telling, born, NOW_MS).commands();
    const work = TurnWork.open(at, 's1', begins.keep, NOW_MS);
    work.takeAlone(filed(begins));
    work.tellUnheard();
    return { sends: told(work.commands()), unheard };
  };

  it('is handed over by a call of its own', () => {
    const heard = toldOnce({ told: () => {} });
    expect(heard).toEqual({ sends: ['journal/append', 'outbox/deliver'], unheard: [] });
  });

  it('makes no call where nobody subscribes to it, and is counted', () => {
    expect(toldOnce({ other: () => {} })).toEqual({
      sends: ['journal/append'],
      unheard: [{ type: 'telling', event: 'told' }, ['other']],
    });
  });
});

describe('a bounded type', () => {
  it('asks for a place before it begins, and gives it back once', () => {
    const at = place(request, { concurrency: 1 });
    const hold = { startAtMs: null, isLimited: true };
    const born = { input: INPUT, key: null, inputHash: '', hold, parent: null, trace: null };
    const queued = TurnWork.begin(at, 's1', request, born, NOW_MS).commands();
    expect(told(queued)).toEqual(['journal/append', 'gate/enter']);
    const admitted = after(queued.keep, (work) => work.takeAlone({ kind: 'admit' }), at);
    expect(admitted.keep.facts.gate).toBe('holds');
    const order = { kind: 'command', command: { name: 'terminate' } } as const;
    const ended = after(admitted.keep, (work) => work.take(order), at);
    expect(told(ended)).toEqual(['journal/append', 'gate/leave']);
    expect(told(after(ended.keep, () => {}, at))).toEqual([]);
  });
});

describe('what this host cannot run', () => {
  it('is refused when it is registered: writes that commit with the turn', () => {
    const file = transactional(() => ({ statements: [], output: done() }));
    const activities = { ...bindings.activities, file };
    expect(() => new WorkerRegistry().add(request, { activities })).toThrow(
      /transactional.*detached/,
    );
  });

  it('runs detached where the person says that it may: apart from the turn, or not at all', async () => {
    const plan = transactional(() => ({ statements: [{ sql: 'x', parameters: [] }], output: 1 }));
    const written: unknown[] = [];
    const write = detached(plan, (statements) => {
      written.push(...statements);
      return Promise.resolve({ kind: 'committed', changes: [1] });
    });
    if (typeof write !== 'function') throw new Error('it is remote');
    await expect(write(null, {} as never)).resolves.toBe(1);
    expect(written).toHaveLength(1);
    const unmet = detached(plan, async () => ({
      kind: 'unmet',
      code: 'no-stock',
      message: 'none',
    }));
    if (typeof unmet !== 'function') throw new Error('it is remote');
    await expect(unmet(null, {} as never)).rejects.toThrow(PermanentError);
  });
});
