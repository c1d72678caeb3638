import { describe, expect, it } from 'vitest';
import { BackstepError } from '../../src/core/errors.ts';
import { PUBLIC_HANDLERS, SERVICES } from '../../src/restate/names.ts';
import {
  ATTEMPT_WORDS,
  type AttemptWords,
  doneOf,
  GATE_WORDS,
  JOURNAL_WORDS,
  type JournalWords,
  OUTBOX_WORDS,
  type OutboxWords,
  refusedAs,
  SAGA_ANSWERS,
  SAGA_WORDS,
  type SagaAnswers,
  type SagaWords,
  type StoredWords,
  type Watch,
} from '../../src/restate/words.ts';

const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const FAILURE = { code: 'down', message: 'no', retryable: true, ambiguous: false };
const OF_ATTEMPT = { activity: 'pay', token: 3 };
const ORDER = {
  kind: 'event',
  id: 'e1',
  event: { type: 'approve', amount: 1 },
  by: 'ann',
} as const;

const WATCH: Watch = { parent: 's', ...OF_ATTEMPT, isUnwinding: false };

/** What may be asked of a saga, by handler. */
const ASKED: SagaWords = {
  start: {
    type: 'order',
    version: 2,
    input: { deep: [{ is: null }] },
    key: null,
    inputHash: 'ab',
    startAtMs: null,
    atMs: 5,
  },
  event: { inbound: ORDER, expectedVersion: null, atMs: 5 },
  command: {
    command: { name: 'edit-context', by: 'ann', context: { any: { deep: 1 } } },
    expectedVersion: 4,
    atMs: 5,
  },
  report: { inbound: { kind: 'timer', timer: 't', token: 3 }, atMs: 5 },
  attempt: { ...OF_ATTEMPT, dispatch: 1, atMs: 5 },
  wake: { dueMs: 5 },
  message: { inbound: { kind: 'told', ...OF_ATTEMPT, event: { ...ORDER.event } }, atMs: 5 },
  startChild: {
    type: 'trip',
    version: 1,
    input: null,
    parent: { sagaId: 's', step: 'book', shows: OF_ATTEMPT },
    watch: WATCH,
    atMs: 5,
  },
  unwind: { watch: { ...WATCH, isUnwinding: true }, atMs: 5 },
  end: { ...OF_ATTEMPT, command: 'terminate', reason: 'left', atMs: 5 },
  goesOn: { child: 's.book.1', atMs: 5 },
  admit: { atMs: 5 },
  nudge: { attempts: ['pay/7'], atMs: 5 },
  adopt: { atMs: 5 },
  forget: {},
  turns: { afterSeq: 2 },
  retell: { seqs: [3, 4] },
};

describe('what a saga is asked', () => {
  it('arrives as it was sent, for every handler', () => {
    expect(Object.keys(ASKED)).toEqual(Object.keys(SAGA_WORDS));
    for (const [handler, asked] of Object.entries(ASKED)) {
      const schema = SAGA_WORDS[handler as keyof typeof ASKED];
      expect({ [handler]: schema.parse(sent(asked)) }).toEqual({ [handler]: asked });
    }
  });

  it.each([
    { kind: 'result', ...OF_ATTEMPT, outcome: { kind: 'done', output: { a: [1] } } },
    { kind: 'result', ...OF_ATTEMPT, outcome: { kind: 'failed', failure: FAILURE }, occurrence: 2 },
    {
      kind: 'result',
      ...OF_ATTEMPT,
      outcome: {
        kind: 'failed',
        failure: { ...FAILURE, thrown: { kind: 'value', value: { x: 1 } } },
        gaveUp: { by: null, reason: 'old' },
      },
    },
    { kind: 'interrupted', ...OF_ATTEMPT, wasClean: true },
  ])('reports of attempts arrive whole: $kind', (inbound) => {
    expect(SAGA_WORDS.report.parse(sent({ inbound, atMs: 5 }))).toEqual({ inbound, atMs: 5 });
  });

  it('no input and no output stay away, as they do in a store', () => {
    const outcome = { kind: 'done', output: undefined };
    const inbound = { kind: 'result', ...OF_ATTEMPT, outcome };
    expect(SAGA_WORDS.report.parse(sent({ inbound, atMs: 5 }))).toEqual({ inbound, atMs: 5 });
    expect(SAGA_WORDS.start.parse(sent({ ...ASKED.start, input: undefined }))).not.toHaveProperty(
      'input',
    );
  });

  it.each([
    ['report', { inbound: { kind: 'start', input: 1 }, atMs: 5 }],
    ['report', { inbound: { kind: 'park', failure: FAILURE }, atMs: 5 }],
    ['report', { inbound: ORDER, atMs: 5 }],
    ['message', { inbound: { kind: 'command', command: { name: 'cancel' } }, atMs: 5 }],
    ['command', { command: { name: 'explode' }, expectedVersion: null, atMs: 5 }],
    ['event', { inbound: { ...ORDER, event: 'approve' }, expectedVersion: null, atMs: 5 }],
    ['event', { inbound: ORDER, expectedVersion: -1, atMs: 5 }],
    ['start', { ...ASKED.start, atMs: '5' }],
    ['end', { command: 'if-left', atMs: 5 }],
    ['wake', null],
  ] as const)('%s takes no other word: %j', (handler, asked) => {
    expect(SAGA_WORDS[handler].safeParse(asked).success).toBe(false);
  });
});

describe('what goes between the other services', () => {
  it('an attempt arrives with every member of its effect', () => {
    const effect: AttemptWords['effect'] = {
      kind: 'start-activity',
      ...OF_ATTEMPT,
      src: 'pay',
      input: { a: 1 },
      key: 'k',
      forwardKey: null,
      step: 'pay',
      direction: 'forward',
      occurrence: 1,
      attempt: 1,
      late: null,
      timeout: { timer: 't', delayMs: 5, heartbeatMs: null },
      child: null,
    };
    const asked: AttemptWords = { saga: 's', type: 'order', version: 1, effect, atMs: 5 };
    expect(ATTEMPT_WORDS.parse(sent(asked))).toEqual(asked);
    const broken = { ...asked, effect: { ...effect, token: 'x' } };
    expect(ATTEMPT_WORDS.safeParse(broken).success).toBe(false);
  });

  it('messages of an outbox and places of a gate arrive as they were sent', () => {
    const handed: OutboxWords = { type: 'order', seq: 4, index: 0, event: 'shipped', data: '{}' };
    expect(OUTBOX_WORDS.parse(sent(handed))).toEqual(handed);
    expect(GATE_WORDS.enter.parse({ saga: 's', hasBegun: true })).toEqual({
      saga: 's',
      hasBegun: true,
    });
    expect(GATE_WORDS.leave.parse({ saga: 's' })).toEqual({ saga: 's' });
  });

  it('the record of a turn arrives whole', () => {
    const saga: JournalWords['turns'][0]['saga'] = {
      expectedSeq: 1,
      seq: 2,
      status: 'running',
      wakeAtMs: 0,
      state: '{"seq":2}',
      checksum: 4_294_967_295,
      step: null,
      attempts: 0,
      error: null,
      updatedAtMs: 5,
      endedAtMs: null,
      isStandingSame: true,
      isTextKept: true,
    };
    const journal: JournalWords['turns'][0]['journal'] = {
      sagaSeq: 2,
      atMs: 5,
      kind: 'transition',
      cause: 'result',
      event: 'done',
      from: null,
      to: 'forward',
      status: 'running',
      data: '{}',
    };
    const birth = {
      id: 's',
      type: 'order',
      version: 1,
      definitionHash: 'h',
      key: null,
      inputHash: null,
      createdAtMs: 5,
    };
    const least: JournalWords['turns'][0] = {
      saga,
      birth: null,
      journal,
      deadLetter: null,
      audit: null,
      pendingStart: null,
    };
    const most: typeof least = {
      ...least,
      birth,
      deadLetter: { kind: 'parked', letter: null },
      audit: { command: 'retry', by: 'ann', reason: null },
      pendingStart: { kind: 'enter', startAtMs: null },
      version: { version: 2, definitionHash: 'h2' },
    };
    const lines: JournalWords = { type: 'order', turns: [least, most] };
    expect(JOURNAL_WORDS.parse(sent(lines))).toEqual(lines);
    expect(JOURNAL_WORDS.safeParse({ type: 'order', turns: [] }).success).toBe(false);
  });
});

describe('the names that Restate knows', () => {
  it('say whose they are, and are not taken twice', () => {
    const names = Object.values(SERVICES);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^backstep-[a-z]+$/);
  });

  it('let callers from outside start, tell, command and look, and nothing else', () => {
    expect(Object.keys(SAGA_ANSWERS)).toEqual([...PUBLIC_HANDLERS]);
  });
});

describe('a refusal', () => {
  it.each([
    new BackstepError('not-legal', 'not now', { legal: ['resume'], kept: ['approve'] }),
    new BackstepError('overloaded', 'full', { retryAfterMs: 1_000 }),
    new BackstepError('input-invalid', 'amount is missing', {
      issues: [{ path: 'amount', message: 'is missing', isTypeError: true }],
    }),
  ])('is the same error for the caller as where it was made: $code', (error) => {
    const answer = SAGA_ANSWERS.command.parse(sent(refusedAs(error)));
    expect(() => doneOf(answer)).toThrow(error.message);
    expect(refusedAs(caught(() => doneOf(answer)))).toEqual(refusedAs(error));
  });

  it('is no answer to what only looks: a saga is there, was removed, or never was', () => {
    const saga: StoredWords = {
      type: 'order',
      version: 1,
      definitionHash: 'h',
      format: 1,
      status: 'parked',
      seq: 4,
      state: '{}',
      parkFailure: FAILURE,
    };
    const found: SagaAnswers['get'][] = [
      { kind: 'saga', saga },
      { kind: 'removed', endedAs: 'completed' },
      { kind: 'none' },
    ];
    for (const each of found) expect(SAGA_ANSWERS.get.parse(sent(each))).toEqual(each);
  });

  it('leaves what was done as it is', () => {
    const done = { status: 'running', isNew: true, isRemoved: false };
    expect(doneOf(SAGA_ANSWERS.start.parse(sent({ done })))).toEqual(done);
  });
});

function caught(run: () => unknown): BackstepError {
  try {
    run();
  } catch (error) {
    if (error instanceof BackstepError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
