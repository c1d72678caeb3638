/**
 * Events of a machine as people say them: "refundPayment failed", "retry of refundPayment".
 *
 * Pure. What the machine's author named keeps its name.
 */
import type { SagaDefinition } from '../core/define/definition.ts';

/** What kind of thing brought a machine on. */
export type TriggerKind = 'start' | 'done' | 'failed' | 'timer' | 'command' | 'event' | 'always';

export interface Trigger {
  readonly kind: TriggerKind;
  readonly words: string;
  /** The same for a place that says already what it is about, such as the state of an activity. */
  readonly short: string;
}

/** Type, kind, words, short words. */
const PATTERNS: readonly (readonly [RegExp, TriggerKind, string, string])[] = [
  [/^(?:start|xstate\.init.*)$/, 'start', 'start', 'start'],
  [/^xstate\.done\.actor\.(.+)$/, 'done', '$1 done', 'done'],
  [/^xstate\.error\.actor\.(.+)$/, 'failed', '$1 failed', 'failed'],
  [/^xstate\.done\.state\.(?:.+\.)?([^.]+)$/, 'done', '$1 done', 'done'],
  [/^backstep\.(.+)$/, 'command', '$1', '$1'],
];

/** An event, by its type as the machine or the journal has it. */
export function triggerOf({ timers }: Pick<SagaDefinition, 'timers'>, type: string): Trigger {
  if (type === '') return { kind: 'always', words: '', short: '' };
  const role = timers.get(type);
  switch (role?.kind) {
    case 'attempt-timeout':
      return { kind: 'timer', words: `${role.activity} timed out`, short: 'timed out' };
    case 'retry':
      return { kind: 'timer', words: `retry of ${role.activity}`, short: 'retry delay over' };
    case 'wait':
      return { kind: 'timer', words: `after ${role.delay}`, short: `after ${role.delay}` };
    case undefined:
      break;
  }
  for (const [pattern, kind, words, short] of PATTERNS) {
    if (!pattern.test(type)) continue;
    return { kind, words: type.replace(pattern, words), short: type.replace(pattern, short) };
  }
  return { kind: 'event', words: type, short: type };
}
