/**
 * What a host must do once a turn is durable: read off what was live before and what is after it.
 */
import type { SagaDefinition } from '../define/definition.ts';
import type { Effect } from './inbound.ts';
import type { Outgoing } from './rearrange.ts';
import { asStored } from '../machine/machine-values.ts';
import { UNWIND_CHILD } from '../machine/machine-roles.ts';
import type { Live, LiveActivity, SagaState } from '../state.ts';

type StartEffect = Extract<Effect, { kind: 'start-activity' }>;

/** Effects of a turn: stops first, so that an attempt never runs beside its own successor. */
export function effectsOf(
  definition: SagaDefinition,
  before: Live,
  after: SagaState,
  outgoing: readonly Outgoing[],
  isShown: boolean,
): Effect[] {
  const effects: Effect[] = [];
  if (before.activities !== after.live.activities) {
    const isNew = (id: string): boolean =>
      before.activities[id]?.token !== after.live.activities[id]?.token;
    effects.push(...stopEffects(before, after.live, 'cancel'));
    effects.push(...startEffects(definition, after, isNew));
  }
  for (const [index, message] of outgoing.entries()) {
    effects.push(...messageEffect(definition, message, index, before, after));
  }
  if (isShown) effects.push(...showingOf(after, outgoing.length));
  return effects;
}

// After all that the turn sends: a running XState actor shows its snapshot last, too.
function showingOf({ parent, snapshot }: SagaState, index: number): Effect[] {
  const shows = parent?.shows;
  if (parent === null || shows === undefined || snapshot.status !== 'active') return [];
  const { status, tags } = snapshot;
  const { value, context } = snapshot as { readonly value: unknown; readonly context: unknown };
  const seen = { status, value, context, tags: [...tags] };
  const event = { type: `xstate.snapshot.${shows.activity}`, snapshot: seen };
  return [{ kind: 'send', index, to: parent.sagaId, event, shows }];
}

// A child that was left in this very turn still hears what was sent to it; one that is not there
// hears nothing, as with any actor of XState.
function messageEffect(
  { version }: SagaDefinition,
  message: Outgoing,
  index: number,
  before: Live,
  { parent, live }: SagaState,
): Effect[] {
  if (message.kind === 'act') return [{ ...message, index, version }];
  const { event } = message;
  if (message.kind === 'emit') return [{ kind: 'emit', index, event }];
  const { to } = message;
  const child = to.kind === 'child' ? (live.activities[to.id] ?? before.activities[to.id]) : null;
  if (to.kind === 'child' && child?.isListener === true) {
    return [{ kind: 'tell-activity', activity: to.id, token: child.token, event }];
  }
  const receiver = to.kind === 'parent' ? parent?.sagaId : child?.childId;
  return receiver === undefined ? [] : [{ kind: 'send', index, to: receiver, event }];
}

/**
 * A stop for everything that was live before and is not any more.
 *
 * @param children what becomes of child sagas; `keep`: they go on, and are looked at again later
 */
export function stopEffects(
  before: Live,
  after: Live,
  children: 'cancel' | 'terminate' | 'keep',
): Effect[] {
  const effects: Effect[] = [];
  for (const activity in before.activities) {
    const left = before.activities[activity];
    if (left === undefined || after.activities[activity]?.token === left.token) continue;
    const { token, childId } = left;
    const child =
      childId === undefined || children === 'keep' ? null : { id: childId, command: children };
    effects.push({ kind: 'stop-activity', activity, token, child });
  }
  return effects;
}

/** A start for every chosen live activity, with its present token and key. */
export function startEffects(
  definition: SagaDefinition,
  state: SagaState,
  isChosen: (activity: string) => boolean,
): Effect[] {
  const effects: Effect[] = [];
  for (const id in state.live.activities) {
    const activity = state.live.activities[id];
    if (activity === undefined || !isChosen(id)) continue;
    const { token, src, input, step, direction, occurrence, attempt, childId } = activity;
    const { isSynced = false, isListener = false } = activity;
    const forwardKey = keyOf(state.id, activity, 'forward');
    const isUnwinding = src === UNWIND_CHILD;
    effects.push({
      kind: 'start-activity',
      activity: id,
      src,
      input: childId === undefined ? input : asStored(input),
      token,
      key: keyOf(state.id, activity),
      forwardKey: direction === 'forward' ? null : forwardKey,
      step,
      direction,
      occurrence,
      attempt,
      late: direction === 'forward' ? null : lateOf(state, activity),
      timeout: timeoutOf(definition, state.live, id),
      child:
        childId === undefined
          ? null
          : { id: childId, isUnwinding, ...(isSynced ? { shows: true as const } : {}) },
      ...(isListener ? { listener: { isSynced } } : {}),
    });
  }
  return effects;
}

function lateOf({ steps }: SagaState, { step, occurrence }: LiveActivity): StartEffect['late'] {
  const entry = steps.find((each) => each.name === step && each.occurrence === occurrence);
  return entry?.late ?? null;
}

function timeoutOf(
  definition: SagaDefinition,
  live: Live,
  activity: string,
): StartEffect['timeout'] {
  const heartbeatMs = definition.invokes.get(activity)?.heartbeatMs ?? null;
  for (const timer in live.timers) {
    const delayMs = live.timers[timer]?.delayMs;
    if (delayMs === undefined) continue;
    const role = definition.timers.get(timer);
    if (role?.kind === 'attempt-timeout' && role.activity === activity) {
      return { timer, delayMs, heartbeatMs };
    }
  }
  return null;
}

/** The idempotency key of an attempt, `saga/step/direction/occurrence`, or its step's own one. */
export function keyOf(
  sagaId: string,
  { step, keyName = step, occurrence, direction: own }: LiveActivity,
  direction = own,
): string {
  return `${sagaId}/${keyName}/${direction}/${occurrence}`;
}
