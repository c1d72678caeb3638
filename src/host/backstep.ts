/**
 * The engine's public face: what an embedding program, the HTTP layer and tests hold.
 */
import type { EventObject } from 'xstate';
import type { Activities, Contract } from '../core/activity.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Migration } from '../core/history/migration.ts';
import type { Duration } from '../core/duration.ts';
import type { StandardSchema } from '../core/standard-schema.ts';
import type { Redact } from '../core/secrets/redact.ts';
import type { SagaState } from '../core/state.ts';
import type { FeedEntry, ReadModels } from '../store/read-models.ts';
import type { DatabaseAccess, Restored, StoreHealth } from '../store/store.ts';
import type { Alerts } from './alerts/alerts-face.ts';
import type { Capabilities } from './capabilities.ts';
import type { EngineFigures, LiveActor } from './figures.ts';
import type { HostCalls } from './host-calls.ts';
import type { SagaHandle, Spawned, TimeLimit } from './saga-handle.ts';
import type { BulkCommands } from './upkeep/bulk-commands.ts';
import type { VersionGap } from './versions/version-gaps.ts';

/** Receives an emitted event, at least once, in order per saga; a throw is retried. */
export type Subscriber = (
  event: EventObject,
  delivery: { readonly sagaId: string; readonly key: string; readonly signal: AbortSignal },
) => Promise<void> | void;

/** What a saga needs at run time: an implementation per activity, subscribers by event type. */
export interface Bindings<C extends object = Contract> {
  readonly activities: Activities<C>;
  /**
   * Who hears what the saga emits, by event type. What has no subscriber is dropped: counted in the
   * figures, and told in the log. Of several versions the newest one's subscribers count.
   */
  readonly subscribers?: Readonly<Record<string, Subscriber>>;
  /**
   * How many sagas of this type run at once; more wait in a queue, first come, first served. The
   * one registered last counts for the type, and before `start`. Default: no bound.
   */
  readonly concurrency?: Concurrency;
  /**
   * By earlier version: takes sagas in flight along to this one, between two turns. What cannot be
   * taken along stays on its version, or is parked when that is not registered, until it is again;
   * so is what was edited under its own version and cannot go on, or be undone, as it is now.
   * `backstep check` tells before a deployment what becomes of each saga.
   */
  readonly migrate?: Readonly<Record<number, Migration>>;
  /**
   * What events from outside must carry, by event type, over what the definition says of the same
   * type; the schema sees the event without its `type`. One that does not match is refused as
   * `input-invalid`, naming the member.
   */
  readonly events?: Readonly<Record<string, StandardSchema>>;
}

/**
 * The bindings as `register` takes them: none, or without activities, where the saga names no
 * contract, because a machine may bring its own logic along.
 */
export type BindingsGiven<C extends object> = string extends keyof C
  ? [bindings?: MachineBindings<C>]
  : [bindings: Bindings<C>];

/** Bindings of a machine that may bring its own activities along. */
export type MachineBindings<C extends object = Contract> = Omit<Bindings<C>, 'activities'> &
  Partial<Pick<Bindings<C>, 'activities'>>;

/** Sagas of a type at once, or that and how many may wait beyond (default 100,000). */
export type Concurrency = number | { readonly limit: number; readonly maxQueued?: number };

/** Where a bounded type stands. */
export interface StartQueueFigures {
  readonly limit: number;
  readonly maxQueued: number;
  /** Begun and not settled. */
  readonly active: number;
  /** Waiting for a place. */
  readonly queued: number;
}

export interface SpawnOptions<Input = unknown> {
  /** Checked against the saga's schema. */
  readonly input: Input;
  /** Start key, 1 to 255 characters: same key and same input give the same saga, for ever. */
  readonly key?: string;
  /** When it begins, a Date or milliseconds since 1970; one that has passed: at once. */
  readonly startAt?: Date | number;
  /** Instead of `startAt`: how long it waits before it begins. By the wall clock, over restarts. */
  readonly delay?: Duration;
  /**
   * The W3C header `traceparent` of whoever asks: the saga belongs to that trace. Where the engine
   * traces, the span that is active goes before it. Default: none.
   */
  readonly traceparent?: string;
}

/** Where the removal of ended sagas stands. */
export type RetentionState =
  /** They are kept for ever. */
  | { readonly kind: 'off' }
  | { readonly kind: 'removing' }
  /** The clock was set: nothing is removed for so much running time, or until a person says so. */
  | { readonly kind: 'held'; readonly leftMs: number };

/** The removal of ended sagas, for whoever watches it. */
export interface Retention {
  state(): RetentionState;
  /** The same of the process that owns the database. Throws `unavailable` where none answers. */
  stateAtOwner(): Promise<RetentionState>;
  /**
   * Somebody has seen that the clock is right: what waits is removed from now on. Durable. Done by
   * the process that owns the database; throws `unavailable` where none answers.
   */
  resume(by?: string): Promise<void>;
}

export interface Backstep {
  /**
   * Binds a definition, and the sagas made of machines inside it. An activity that is not bound
   * runs the machine's own logic. Throws `definition-invalid` when an activity has neither, and for
   * bindings that it does not know.
   */
  register<C extends object>(definition: SagaDefinition<C>, ...bindings: BindingsGiven<C>): void;
  /** Recovers what is in flight, then accepts work. Called again it is the same start, unless that failed. */
  start(): Promise<void>;
  /**
   * Starts a saga, of the newest version that is registered; resolves once the start is durable.
   * Throws `not-found` (type), `input-invalid`, `not-json`, `conflict` (same key, other input),
   * `overloaded`, `unavailable`, `definition-invalid` (it runs a child saga that is not registered).
   */
  spawn<Output, Event, Given>(
    saga: SagaDefinition<object, unknown, Output, Event, Given>,
    options: SpawnOptions<Given>,
  ): Promise<Spawned<Output, Event>>;
  /** The same by the saga's name, for programs that know no more; so its types are not known. */
  spawn(type: string, options: SpawnOptions): Promise<Spawned>;
  /**
   * The saga of that id, typed as the definition says. A saga in flight on another version may give
   * what that one says. Asks for nothing: see `SagaHandle`.
   */
  saga<Output, Event>(
    saga: SagaDefinition<object, unknown, Output, Event>,
    id: string,
  ): SagaHandle<Output, Event>;
  /** The saga of that id, of whatever type. */
  saga(id: string): SagaHandle;
  /** The commands that are legal in this state, for people and for 409 answers. */
  legalCommands(state: SagaState): readonly string[];
  /** Calls the listener after each commit, in commit order. It must not throw and not block. */
  subscribe(listener: (entry: FeedEntry) => void): () => void;
  /** Places of a type registered with `concurrency`; `null` for any other. */
  startQueue(type: string): StartQueueFigures | null;
  definitions(): readonly SagaDefinition[];
  /** What the host of these sagas can promise, and what it cannot. */
  readonly capabilities: Capabilities;
  /** The calls between machines that run sagas together; `null`: one process runs all of them. */
  readonly calls: HostCalls | null;
  /** Hides secrets in what leaves the process: the default list and the user's own rule. */
  readonly redact: Redact;
  readonly read: ReadModels;
  /** The database, for what participants keep in it, and its figures. */
  readonly store: DatabaseAccess;
  /** The removal of ended sagas, which a clock that was set holds up. */
  readonly retention: Retention;
  /** One command for many sagas; a list that was started goes on over restarts and take-overs. */
  readonly bulk: BulkCommands;
  /** Rules that tell somebody, what they found, and whether that arrived. */
  readonly alerts: Alerts;
  /**
   * Names work that only the process does which owns the database, and gives the function that asks
   * for it: here while this process owns it, else there. What goes in and out is JSON. An owner that
   * dies before its answer is durable leaves the work to the next one, so it may run twice. Every
   * process over a database names the same. The function throws what the work throws, `not-found`
   * where the owner does not know it, and `unavailable` where none answers within 10 s.
   */
  atOwner<Given, Answer>(
    name: string,
    run: (given: Given) => Promise<Answer>,
  ): (given: Given) => Promise<Answer>;
  figures(): EngineFigures;
  /** Sagas in memory, at most `limit`, the newest first. */
  liveActors(limit: number): readonly LiveActor[];
  /** Whether work is accepted now, and if not why. */
  health(): EngineHealth;
  /**
   * Refuses new work, lets running attempts finish for at most `within`, by default 10s, and closes
   * the store.
   */
  stop(options?: TimeLimit): Promise<void>;
}

/** The store's health, once the engine has recovered and while it is not told to stop. */
export type EngineHealth =
  | (StoreHealth & {
      /**
       * Sagas that cannot go on under what is registered, as of the last look at them, which every
       * start, registration and command begins; absent where there are none. They are parked.
       */
      readonly versionGaps?: readonly VersionGap[];
      /**
       * Alerts that were sent in vain and are sent again, or were given up in the last day; absent
       * where there are none.
       */
      readonly undeliveredAlerts?: number;
      /**
       * Set once the database was restored from a backup: what was acknowledged after that was made
       * is not in it, however sure its caller is.
       */
      readonly restored?: Restored;
    })
  | { readonly kind: 'recovering' | 'stopping'; readonly reason: string };
