/**
 * Commits for tests of the store, small and plain; what matters to a test is given as a change.
 */
import type { SagaCommit } from '../../src/store/commit.ts';

interface Changes {
  readonly saga?: Partial<SagaCommit['saga']>;
  readonly birth?: Partial<NonNullable<SagaCommit['birth']>>;
  readonly journal?: Partial<SagaCommit['journal']>;
  readonly outbox?: SagaCommit['outbox'];
  readonly deadLetter?: SagaCommit['deadLetter'];
  readonly audit?: SagaCommit['audit'];
  readonly statements?: SagaCommit['statements'];
  readonly marks?: SagaCommit['marks'];
}

/** The first turn of a saga. */
export function startOf(sid: number, changes: Changes = {}): SagaCommit {
  const birth = {
    id: `saga-${String(sid).padStart(6, '0')}`,
    type: 'order',
    version: 1,
    definitionHash: 'hash',
    key: null,
    inputHash: null,
    createdAtMs: 1_000 + sid,
    ...changes.birth,
  };
  return { ...turnOf(sid, 1, changes), birth };
}

/** Turn `seq` of a saga, computed from the one before. */
export function turnOf(sid: number, seq: number, changes: Changes = {}): SagaCommit {
  const atMs = 1_000 + sid + seq;
  const status = changes.saga?.status ?? 'running';
  return {
    saga: {
      sid,
      expectedSeq: seq - 1,
      seq,
      status,
      wakeAtMs: 0,
      state: JSON.stringify({ seq, steps: [] }),
      checksum: 7,
      step: 'pay',
      attempts: 1,
      error: null,
      updatedAtMs: atMs,
      endedAtMs: null,
      isStandingSame: false,
      ...changes.saga,
    },
    birth: null,
    journal: {
      sagaSeq: seq,
      atMs,
      kind: 'transition',
      cause: seq === 1 ? 'start' : 'result',
      event: `event-${seq}`,
      from: seq === 1 ? null : `state-${seq - 1}`,
      to: `state-${seq}`,
      status,
      data: '{"inbound":{}}',
      ...changes.journal,
    },
    outbox: changes.outbox ?? [],
    deadLetter: changes.deadLetter ?? null,
    audit: changes.audit ?? null,
    pendingStart: null,
    marks: changes.marks,
    statements: changes.statements ?? [],
  };
}
