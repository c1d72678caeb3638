/** Every check of the fault lab tells the good from the bad: none is met by whatever happens. */
import { describe, expect, it } from 'vitest';
import type { SagaState, StepEntry } from '../../src/core/state.ts';
import type { Check, Evidence } from '../../src/demo/lab/lab-checks.ts';
import * as checks from '../../src/demo/lab/lab-checks.ts';
import { SCENARIOS } from '../../src/demo/lab/lab-scenarios.ts';
import type { JournalEntry } from '../../src/store/read-models.ts';

const BOOKS: Evidence['books'] = {
  reservations: [],
  charges: [],
  mails: [],
  order: null,
  provider: 'nothing',
};

/** What is known, with only what a case is about. */
function evidence(
  parts: Partial<Omit<Evidence, 'books' | 'state'>> & {
    readonly books?: Partial<Evidence['books']>;
    readonly state?: Partial<SagaState>;
  } = {},
): Evidence {
  const state = { status: 'compensated', steps: [], ...parts.state } as unknown as SagaState;
  const nothing = { journal: [], answer: {}, hasDeadLetter: false, note: '' };
  return { ...nothing, ...parts, state, books: { ...BOOKS, ...parts.books } };
}

function step(name: string, parts: Partial<StepEntry> = {}): StepEntry {
  const base = { name, kind: 'compensatable', occurrence: 1, attempts: 1, startedAtMs: 0 } as const;
  return { ...base, status: 'completed', ...parts };
}

function undone(name: string, startedAtMs: number, endedAtMs: number): StepEntry {
  const compensation = { name: `un${name}`, status: 'completed', attempts: 1 } as const;
  return step(name, { compensation: { ...compensation, startedAtMs, endedAtMs } });
}

const lines = (...parts: readonly Partial<JournalEntry>[]): readonly JournalEntry[] =>
  parts as readonly JournalEntry[];

const failure = { code: 'declined', message: 'no', retryable: false, ambiguous: false };

type Case = readonly [what: string, check: Check, evidence: Evidence, holds: boolean | null];

const CASES: readonly Case[] = [
  ['the wanted end', checks.endsAs('compensated'), evidence(), true],
  ['another end', checks.endsAs('completed'), evidence(), false],
  [
    'stock that is held',
    checks.stockIsBack,
    evidence({ books: { reservations: ['released', 'held'] } }),
    false,
  ],
  [
    'stock that is back',
    checks.stockIsBack,
    evidence({ books: { reservations: ['released'] } }),
    true,
  ],
  [
    'a charge that only the provider knows',
    checks.customerPaidNothing,
    evidence({ books: { provider: 'charged' } }),
    false,
  ],
  [
    'a refunded charge',
    checks.customerPaidNothing,
    evidence({ books: { charges: ['refunded'], provider: 'refunded' } }),
    true,
  ],
  [
    'books of a provider that is down',
    checks.customerPaidNothing,
    evidence({ books: { provider: null } }),
    null,
  ],
  [
    'two charges',
    checks.customerPaidOnce,
    evidence({ books: { charges: ['completed', 'completed'], provider: 'charged' } }),
    false,
  ],
  [
    'one charge',
    checks.customerPaidOnce,
    evidence({ books: { charges: ['completed'], provider: 'charged' } }),
    true,
  ],
  [
    'money that was given back',
    checks.moneyIsStillTaken,
    evidence({ books: { charges: ['refunded'], provider: 'refunded' } }),
    false,
  ],
  ['no dead letter', checks.deadLetterIsOpen, evidence(), false],
  ['a mail that waits', checks.noMailWasSent, evidence({ books: { mails: ['queued'] } }), false],
  ['a mail never queued', checks.mailWasCancelled, evidence(), false],
  ['a mail about to go out', checks.oneMail, evidence({ books: { mails: ['queued'] } }), null],
  ['two mails', checks.oneMail, evidence({ books: { mails: ['sent', 'sent'] } }), false],
  [
    'a failed step without its reason',
    checks.failureIsRecorded('charge'),
    evidence({ state: { steps: [step('charge', { status: 'failed' })] } }),
    false,
  ],
  [
    'a failed step with its reason',
    checks.failureIsRecorded('charge'),
    evidence({ state: { steps: [step('charge', { status: 'failed', error: failure })] } }),
    true,
  ],
  [
    'one attempt of two',
    checks.isTriedAgain('charge', 2),
    evidence({ state: { steps: [step('charge')] } }),
    false,
  ],
  [
    'compensations at once',
    checks.compensatedInReverse,
    evidence({ state: { steps: [undone('a', 5, 9), undone('b', 5, 9)] } }),
    false,
  ],
  [
    'compensations in forward order',
    checks.compensatedInReverse,
    evidence({ state: { steps: [undone('a', 1, 2), undone('b', 3, 4)] } }),
    false,
  ],
  [
    'compensations in reverse order',
    checks.compensatedInReverse,
    evidence({ state: { steps: [undone('a', 3, 4), undone('b', 1, 2)] } }),
    true,
  ],
  [
    'a step that starts while it turns back',
    checks.neverForwardAgain,
    evidence({ journal: lines({ status: 'compensating' }, { status: 'running' }) }),
    false,
  ],
  ['a saga that never turned back', checks.neverForwardAgain, evidence(), false],
  ['a crash that left no trace', checks.crashIsRecorded, evidence(), false],
  [
    'a claimed success',
    checks.answerIsHonest,
    evidence({ answer: { status: 'compensated', success: true } }),
    false,
  ],
  [
    'an honest answer',
    checks.answerIsHonest,
    evidence({ answer: { status: 'compensated' } }),
    true,
  ],
  [
    'a late charge that went through',
    checks.lateChargeIsRefused,
    evidence({ note: 'charged' }),
    false,
  ],
  ['a late charge not sent yet', checks.lateChargeIsRefused, evidence(), null],
  [
    'a reservation that stays held',
    checks.expiryReleasesStock,
    evidence({ books: { reservations: ['held'] } }),
    false,
  ],
];

describe('a check of the fault lab', () => {
  it.each(CASES)('judges %s', (_, check, given, holds) => {
    expect(check.find(given).holds).toBe(holds);
  });

  it('belongs to every scenario, and every scenario has a name of its own', () => {
    expect(SCENARIOS.every((scenario) => scenario.checks.length >= 2)).toBe(true);
    expect(new Set(SCENARIOS.map(({ id }) => id)).size).toBe(SCENARIOS.length);
  });
});
