/**
 * Activities: the side effects that steps and compensations call.
 *
 * A contract (a type) names them; a participant implements them; the composition root binds the
 * two. Nothing here runs anything.
 */
import { fromPromise, type PromiseActorLogic } from 'xstate';

/** What an activity takes and gives; both are kept as JSON keeps them, without undefined members. */
export type ActivitySignature = (input: never) => unknown;

/**
 * A contract: signatures by activity name, as an interface or a type.
 *
 * @example
 * interface OrderActivities {
 *   createOrder(input: { orderId: string }): { number: number };
 *   cancelOrder(input: { orderId: string }): void;
 * }
 */
export type Contract<C = Record<string, ActivitySignature>> = {
  readonly [Name in keyof C]: ActivitySignature;
};

/** Input type of an activity of a contract. */
export type ActivityInput<C, Name extends keyof C> = C[Name] extends (
  ...args: infer Args extends readonly unknown[]
) => unknown
  ? Args[0]
  : never;

/** Output type of an activity of a contract. */
export type ActivityOutput<C, Name extends keyof C> = C[Name] extends (
  ...args: never
) => infer Output
  ? Awaited<Output>
  : never;

/** What an activity is told about the call it serves. */
export interface ActivityContext {
  /**
   * Idempotency key `saga/step/direction/occurrence`: the same over attempts, restarts and
   * upgrades. Hand it to the remote so that a repeated call has one effect.
   */
  readonly key: string;
  /** In a compensation: the key its step ran with, to be fenced. `null` in a step. */
  readonly forwardKey: string | null;
  readonly sagaId: string;
  readonly step: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Milliseconds since 1970 at dispatch. */
  readonly nowMs: number;
  /**
   * In a compensation or a probe: what an attempt of the step answered after the saga had given it
   * up, so it did happen. `null`: nothing came, which proves nothing.
   */
  readonly late: LateResult | null;
  /**
   * Says that the attempt is alive. A step with a heartbeat interval is timed out when that much
   * time passes without one; for any other it does nothing.
   */
  readonly heartbeat: () => void;
  /** Aborted when the attempt timed out, the saga left the step, or the engine stops. */
  readonly signal: AbortSignal;
  /**
   * The W3C header `traceparent` to hand to the remote: of the attempt's own span where the engine
   * traces, else of the trace that the saga was started in; `null`: there is none.
   */
  readonly traceparent: string | null;
}

/** What came too late to move the saga. */
export interface LateResult {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** The attempt's output; `null` as well when it is too long to be kept. */
  readonly output: unknown;
}

/**
 * What a probe answers of a step in doubt: it happened (with the output that got lost), it never
 * did and never will, or nobody can tell yet.
 */
export type ProbeAnswer<Output> =
  | { readonly kind: 'happened'; readonly output: Output }
  | { readonly kind: 'never' }
  | { readonly kind: 'unknown' };

/** An activity with an effect outside the engine's database: at least once, keyed. */
export type RemoteActivity<Input, Output> = (
  input: Input,
  context: ActivityContext,
) => Output | Promise<Output>;

/** One statement of a transactional activity, as Kysely's `compile()` gives it. */
export interface ExpectedStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** Unmet: everything of this activity is rolled back and it fails permanently with `code`. */
  readonly expect?: { readonly changes: number; readonly code: string; readonly message: string };
}

/** What a transactional activity wants written, and its output, known before it runs. */
export interface WritePlan<Output> {
  readonly statements: readonly ExpectedStatement[];
  readonly output: Output;
}

/**
 * An activity whose effect is in the engine's own database. Its statements commit together with
 * the turn that records its success: exactly once, never ambiguous.
 */
export interface TransactionalActivity<Input, Output> {
  readonly kind: 'transactional';
  readonly plan: (
    input: Input,
    context: ActivityContext,
  ) => WritePlan<Output> | Promise<WritePlan<Output>>;
}

/** Either way of implementing an activity. */
export type Activity<Input = never, Output = unknown> =
  RemoteActivity<Input, Output> | TransactionalActivity<Input, Output>;

/** Implementations for a whole contract. */
export type Activities<C = Contract> = {
  readonly [Name in keyof C]: Activity<ActivityInput<C, Name>, ActivityOutput<C, Name>>;
};

/** Declares an activity as transactional. `plan` may read, must not write. */
export function transactional<Input, Output>(
  plan: TransactionalActivity<Input, Output>['plan'],
): TransactionalActivity<Input, Output> {
  return { kind: 'transactional', plan };
}

/**
 * The stand-in for an activity in a hand-written machine's `setup({ actors })`. It types the
 * invoke; the engine runs the bound implementation and never this one.
 */
export function activity<Input, Output>(): PromiseActorLogic<Output, Input> {
  const standIn = fromPromise<Output, Input>(() =>
    Promise.reject(new Error('a durable activity runs only under the Backstep engine')),
  );
  standIns.add(standIn);
  return standIn;
}

const standIns = new WeakSet<object>();

/** True for what `activity` gives: it runs nothing. */
export function isStandIn(logic: unknown): boolean {
  return logic !== null && typeof logic === 'object' && standIns.has(logic);
}
