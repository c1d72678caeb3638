/**
 * What a call of a saga's object does: any number of turns, and then one fixed list of commands.
 *
 * Pure. Invariant: nothing is decided between two commands. Restate keeps each as it is sent; a
 * worker that ends in the middle is followed by one that comes to the same list and sends the rest.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { BackstepError } from '../core/errors.ts';
import { type Failure, toFailure } from '../core/failure.ts';
import { encodeWhole } from '../core/history/codec.ts';
import { migrationTurn } from '../core/history/migration.ts';
import { STORED_FORMAT } from '../core/history/stored-format.ts';
import type { SagaState } from '../core/state.ts';
import type { Inbound } from '../core/turn/inbound.ts';
import { countedOf } from '../core/history/counted.ts';
import { begin, turn } from '../core/turn/turn.ts';
import { type BesideRecord, recordOf } from '../host/turn/projection.ts';
import { stepFailureOf } from '../host/turn/step-failure.ts';
import { refusalOf, versionConflict } from '../host/turn/refusals.ts';
import { tooLongResult } from '../host/turn/state-bound.ts';
import type { TakenTurn } from '../host/turn/taken-turn.ts';
import { type LoadedSaga, openStored } from '../host/versions/open-stored.ts';
import { type RenamedAttempts, underNewId } from '../host/versions/renamed-attempts.ts';
import type { TurnRecord } from '../store/commit.ts';
import type { AttemptForm, StartEffect } from './attempts/inline-attempts.ts';
import { startsLeft, stopsOf } from './attempts/starts.ts';
import {
  type KeptSaga,
  type NewSaga,
  type OwnFacts,
  ownFactsOf,
  parkedAsItIs,
  textOf,
} from './kept-saga.ts';
import { nameOfAttempt, type Send } from './send.ts';
import { type Commands, sendsOf, unheardIn, type WorkPlace } from './sends.ts';

type Received = Exclude<Inbound, { kind: 'start' }>;

export class TurnWork {
  readonly #place: WorkPlace;
  readonly #id: string;
  readonly #nowMs: number;
  readonly #taken: TakenTurn[] = [];
  readonly #records: TurnRecord[] = [];
  /** `null`: it cannot be opened, and is parked as it is. */
  #saga: LoadedSaga | null;
  #facts: OwnFacts;
  #parked: KeptSaga | null = null;
  readonly #alsoSent: Send[] = [];
  readonly #again: StartEffect[] = [];
  /** Of the migration that it took. */
  #renamed: RenamedAttempts | undefined;

  private constructor(
    place: WorkPlace,
    id: string,
    saga: LoadedSaga | null,
    known: OwnFacts,
    atMs: number,
  ) {
    this.#place = place;
    this.#id = id;
    this.#saga = saga;
    this.#nowMs = Math.max(known.atMs, atMs);
    this.#facts = { ...ownFactsOf(known), atMs: this.#nowMs };
  }

  /** Throws what the first turn of the saga's machine throws, and `too-large`. */
  static begin(
    place: WorkPlace,
    id: string,
    definition: SagaDefinition,
    { input, key, inputHash, hold, parent, trace }: NewSaga,
    atMs: number,
  ): TurnWork {
    const { id: type, version, hash: definitionHash } = definition;
    const none = { wakeMs: null, watch: null, gate: 'none' } as const;
    const known = { type, version, definitionHash, key, inputHash, atMs, ...none };
    const { state, record, effects } = begin(definition, id, input, atMs, parent, hold, trace);
    const registration = place.registry.version(type, version);
    const work = new TurnWork(place, id, { registration, state }, known, atMs);
    const keyHash = key === null ? null : inputHash;
    const birth = { id, type, version, definitionHash, key, inputHash: keyHash, createdAtMs: atMs };
    work.#advance({ before: null, after: state, record, effects }, { birth });
    return work;
  }

  /**
   * Opens a saga and takes it to the version that it migrates to. Throws `version-missing` and
   * `state-unreadable`.
   */
  static open(place: WorkPlace, id: string, kept: KeptSaga, atMs: number): TurnWork {
    const nowMs = Math.max(kept.facts.atMs, atMs);
    const opened = openStored(place.registry, textOf(id, kept), nowMs, kept.facts.parkFailure);
    const work = new TurnWork(place, id, opened, kept.facts, atMs);
    if (opened.migration !== undefined) work.#migrate(opened, opened.migration);
    return work;
  }

  /** A saga that cannot be opened is parked, for a person or another version. */
  static park(
    place: WorkPlace,
    id: string,
    kept: KeptSaga,
    failure: Failure,
    atMs: number,
  ): TurnWork {
    const work = new TurnWork(place, id, null, kept.facts, atMs);
    work.#park(kept, failure);
    return work;
  }

  /** A saga that cannot be opened, and is parked already or a person's: only its facts are kept. */
  static leave(place: WorkPlace, id: string, kept: KeptSaga, atMs: number): TurnWork {
    const work = new TurnWork(place, id, null, kept.facts, atMs);
    work.#parked = kept;
    return work;
  }

  /** A turn that takes no machine: a move to another host. `text` and facts are kept as given. */
  static moved(place: WorkPlace, id: string, kept: KeptSaga, record: TurnRecord | null): TurnWork {
    const work = TurnWork.leave(place, id, kept, kept.facts.atMs);
    if (record !== null) work.#records.push(record);
    return work;
  }

  /** Puts a turn before its own that took no machine. */
  lead(record: TurnRecord): void {
    this.#records.unshift(record);
  }

  /** The saga's state now. Throws where it cannot be opened. */
  get state(): SagaState {
    return this.#opened().state;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get facts(): OwnFacts {
    return this.#facts;
  }

  get definition(): SagaDefinition {
    return this.#opened().registration.definition;
  }

  /** What changes beside the turns: who watches, the place at the gate, the wake under way. */
  note(changed: Partial<Pick<OwnFacts, 'watch' | 'gate' | 'wakeMs'>>): void {
    this.#facts = { ...this.#facts, ...changed };
  }

  /** A call that no turn commands. */
  alsoSend(send: Send): void {
    this.#alsoSent.push(send);
  }

  /** What was said of an attempt under the id that it had when the saga was opened. */
  underNewId<Word extends object>(word: Parameters<typeof underNewId<Word>>[1]): Word {
    return underNewId(this.#renamed, word);
  }

  /** Starts attempts that are live and not under way; no turn is taken for that. */
  startAgain(effects: readonly StartEffect[]): void {
    this.#again.push(...effects);
  }

  /**
   * Takes what somebody waits for an answer to. Throws the refusal, and what the machine's own code
   * throws: then nothing of it was taken.
   */
  take(inbound: Received, expectedVersion: number | null = null): SagaState {
    const { registration, state } = this.#opened();
    if (expectedVersion !== null && expectedVersion !== state.seq) {
      throw versionConflict(state, expectedVersion);
    }
    const { definition } = registration;
    const taken = turn(definition, state, inbound, this.#nowMs);
    if (taken.kind === 'refused') throw refusalOf(definition, state, inbound, taken);
    const effects = taken.kind === 'advanced' ? taken.effects : [];
    try {
      this.#advance({ before: state, after: taken.state, record: taken.record, effects });
    } catch (error) {
      const failure = tooLongResult(error, inbound, true);
      if (failure === null || inbound.kind !== 'result') throw error;
      return this.take({ ...inbound, outcome: { kind: 'failed', failure } });
    }
    return taken.state;
  }

  /**
   * Takes what nobody waits for. What the saga's own rules refuse needs no other try. Where the
   * machine's own code throws, the saga is parked: a second try would throw again.
   */
  takeAlone(inbound: Received): void {
    const { state } = this.#opened();
    try {
      this.take(inbound);
    } catch (error) {
      if (error instanceof BackstepError && error.code === 'not-legal') return;
      const failure = { ...toFailure(error), retryable: false };
      if (this.#opened().state !== state) throw error;
      this.take({ kind: 'park', failure });
    }
  }

  /**
   * Everything that is to be sent, with the lines that were held before. `form`: how an attempt is
   * made that may be an inline one.
   */
  commands(form: AttemptForm = 'handed', before: readonly TurnRecord[] = []): Commands {
    // In the call that migrates, which may be the one that tells of them.
    const left = startsLeft(this.#renamed, this.#saga?.state, this.#taken, this.#again);
    for (const each of left) this.takeAlone(each);
    const { sends, facts, here, held } = sendsOf(this.#place, this.#id, {
      taken: this.#taken,
      records: this.#records,
      facts: this.#facts,
      after: this.#saga?.state ?? null,
      again: this.#again,
      held: before,
      form,
      nowMs: this.#nowMs,
    });
    const live = this.#saga?.state.live.activities ?? {};
    return {
      keep: this.#kept(facts),
      turns: this.#records,
      stops: stopsOf(this.#taken),
      live: new Set(Object.entries(live).map(([name, { token }]) => nameOfAttempt(name, token))),
      sends: [...sends, ...this.#alsoSent],
      here,
      held,
    };
  }

  /** Counts what it emits and nobody hears; once, after the last command. */
  tellUnheard(): void {
    const { registry, unheard } = this.#place;
    for (const { subscribed, ...each } of unheardIn(registry, this.#facts.type, this.#taken)) {
      unheard.add(each, subscribed);
    }
  }

  #kept(facts: OwnFacts): KeptSaga {
    if (this.#parked !== null) {
      return { facts: { ...this.#parked.facts, ...facts }, text: this.#parked.text };
    }
    const { state } = this;
    const { status, seq } = state;
    const text = this.#records.at(-1)?.saga.state ?? encodeWhole(state);
    return { facts: { ...facts, format: STORED_FORMAT, status, seq, parkFailure: null }, text };
  }

  #opened(): LoadedSaga {
    if (this.#saga !== null) return this.#saga;
    throw new BackstepError('state-unreadable', `saga ${this.#id} was parked as it is`);
  }

  #advance(taken: TakenTurn, beside: BesideRecord = {}): void {
    const { registration } = this.#opened();
    const record = recordOf(taken, this.#place.stateLength, beside, true);
    const counted = countedOf(registration.definition, taken);
    const stepFailure = stepFailureOf(taken);
    this.#records.push({
      ...record,
      ...(counted.length === 0 ? {} : { counted }),
      ...(stepFailure === null ? {} : { stepFailure }),
    });
    this.#taken.push(taken);
    this.#saga = { registration, state: taken.after };
  }

  // A migration is a turn of its own, before the first turn under the new version.
  #migrate(
    { registration, renamed }: LoadedSaga,
    inbound: NonNullable<LoadedSaga['migration']>,
  ): void {
    const { definition } = registration;
    const { state, record } = migrationTurn(definition, this.#id, inbound, this.#nowMs);
    const effects = renamed?.stops ?? [];
    this.#renamed = renamed;
    const before = { ...state, seq: state.seq - 1 };
    const { version, hash: definitionHash } = definition;
    this.#facts = { ...this.#facts, version, definitionHash };
    this.#advance(
      { before, after: state, record, effects },
      { version: { version, definitionHash } },
    );
  }

  #park(kept: KeptSaga, failure: Failure): void {
    const parked = parkedAsItIs(kept, failure, this.#nowMs);
    this.#parked = parked.kept;
    this.#records.push(parked.record);
  }
}
