/**
 * Holds the subscribers that a saga is registered with against the events that its drawing emits,
 * so that a misspelt or forgotten one is told before the first event is dropped.
 *
 * Invariant: says only what the drawing bears out. Of an event that is made at run time the type is
 * known when it is emitted; see `UnheardEvents`.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { customActionsOf, unwrittenActions } from '../core/machine/custom-actions.ts';
import { emittedEvents } from '../core/machine/emitted-events.ts';
import { meantInstead } from '../core/nearest-name.ts';
import type { Bindings } from './backstep.ts';
import type { Logger } from './turn-log.ts';

/** What a saga was registered with, as far as it matters here. */
export type Subscribed = Pick<Bindings, 'subscribers'>;

/** What is wrong, a sentence each; empty when nothing is. */
export function subscriptionFaults(
  { id, machine }: Pick<SagaDefinition, 'id' | 'machine'>,
  { subscribers = {} }: Subscribed,
): readonly string[] {
  const { types, madeBy, isOpen } = emittedEvents(machine);
  const subscribed = Object.keys(subscribers);
  const unheard = types.filter((type) => !Object.hasOwn(subscribers, type));
  const faults = unheard.map(
    (type) =>
      `saga "${id}" emits "${type}" and nobody subscribes to it: every one is dropped` +
      meantInstead(type, subscribed),
  );
  if (madeBy.length > 0 && subscribed.length === 0) {
    faults.push(
      `saga "${id}" emits events (${madeBy.join(', ')}) and has no subscribers: all are dropped`,
    );
  }
  const unwritten = unwrittenActions(machine).filter((name) => !Object.hasOwn(subscribers, name));
  faults.push(
    ...unwritten.map(
      (name) =>
        `saga "${id}" runs the action "${name}", which nobody wrote: it does nothing; write it, or ` +
        'bind a subscriber of that name',
    ),
  );
  if (madeBy.length > 0 || isOpen) return faults;
  const actions = customActionsOf(machine);
  const idle = subscribed.filter((type) => !types.includes(type) && !actions.has(type));
  return [
    ...faults,
    ...idle.map(
      (type) =>
        `saga "${id}" never emits "${type}": its subscriber is never called` +
        meantInstead(type, types),
    ),
  ];
}

/**
 * The check of an engine, to be called with each registration. It waits until `accepting` resolves:
 * of several versions of a saga the newest one's subscribers get what all of them emit.
 */
export function subscriptionCheck(
  logger: Logger,
): (definition: SagaDefinition, bindings: Subscribed, accepting: Promise<void>) => void {
  const newest = new Map<string, { readonly version: number; readonly bindings: Subscribed }>();
  return (definition, bindings, accepting) => {
    const { id, version } = definition;
    if ((newest.get(id)?.version ?? 0) < version) newest.set(id, { version, bindings });
    const tell = (): void => {
      const faults = subscriptionFaults(definition, newest.get(id)?.bindings ?? bindings);
      for (const fault of faults) logger.warn({ saga: id, version }, fault);
    };
    // A log that cannot be written tells nobody, and stops nothing.
    accepting.then(tell).catch(() => {});
  };
}
