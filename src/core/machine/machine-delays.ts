/**
 * The named delays of a machine, made to give what timers and the store take: whole milliseconds.
 *
 * A fraction is rounded up. Everything else that XState would take for a moment or for ever (NaN, a
 * negative number, a text, a promise) is refused, naming saga, state and delay: a number where the
 * machine is made durable, a function when it answers.
 */
import type { AnyStateMachine } from 'xstate';
import { isDelayMs, wholeMs } from '../duration.ts';
import { BackstepError } from '../errors.ts';
import { NOT_COVERED } from './macrostep/microstep-self.ts';
import { nodesOf } from './machine-nodes.ts';
import { shown } from '../shown.ts';

type Delay = number | ((...given: readonly unknown[]) => number);

/** The machine's delays by name. Throws `definition-invalid`; so do the functions among them. */
export function wholeDelays(machine: AnyStateMachine): Readonly<Record<string, Delay>> {
  const delays: Record<string, Delay> = {};
  for (const [name, delay] of Object.entries<unknown>(machine.implementations.delays)) {
    if (delay === undefined) continue; // told where it is used
    delays[name] =
      typeof delay === 'function'
        ? (...given) => wholeDelay(machine, name, answerOf(machine, name, delay, given))
        : wholeDelay(machine, name, delay);
  }
  return delays;
}

/** How long a delay takes, milliseconds, where the drawing says it; `null`: a function does. */
export function fixedDelayMs({ implementations }: AnyStateMachine, name: string): number | null {
  const written = Number(name);
  if (!Number.isNaN(written)) return written;
  const named: unknown = implementations.delays[name];
  return typeof named === 'number' ? named : null;
}

/** Whole milliseconds of what a delay gave. Throws `definition-invalid`, naming the delay. */
export function wholeDelay(machine: AnyStateMachine, name: string, given: unknown): number {
  if (isDelayMs(given)) return wholeMs(given);
  throw refusal(machine, name, `gives ${shown(given)}; give milliseconds, 0 up to ten years`);
}

/**
 * What an action's delay gave, as long as it is a number at all: XState takes anything else for no
 * delay. Throws `definition-invalid`, naming the delay.
 */
export function delayNumber(machine: AnyStateMachine, name: string, given: unknown): number {
  return typeof given === 'number' ? given : wholeDelay(machine, name, given);
}

function answerOf(
  machine: AnyStateMachine,
  name: string,
  delay: object,
  given: readonly unknown[],
): unknown {
  try {
    return Reflect.apply(delay as (...given: readonly unknown[]) => unknown, undefined, given);
  } catch (cause) {
    if (cause === NOT_COVERED) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refusal(machine, name, `throws: ${why}`, cause);
  }
}

function refusal(machine: AnyStateMachine, name: string, what: string, cause?: unknown) {
  const states = nodesOf(machine).filter((node) => Object.hasOwn(node.config.after ?? {}, name));
  const place = states.map(({ id }) => `"${id}"`).join(', ');
  const at = place === '' ? '' : `, state ${place}`;
  const message = `saga "${machine.id}"${at}: delay "${name}" ${what}`;
  return new BackstepError('definition-invalid', message, { cause });
}
