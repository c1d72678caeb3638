/**
 * Events of a machine as people say them: "refundPayment failed", "retry of refundPayment".
 *
 * Pure. What the machine's author named keeps its name.
 */
import type { SagaDefinition } from './definition.ts';

/** What kind of thing brought a machine on. */
export type TriggerKind = 'start' | 'done' | 'failed' | 'timer' | 'command' | 'event' | 'always';

export interface Trigger {
  readonly kind: TriggerKind;
  readonly words: string;
}

const PATTERNS: readonly (readonly [RegExp, TriggerKind, string])[] = [
  [/^(?:start|xstate\.init.*)$/, 'start', 'start'],
  [/^xstate\.done\.actor\.(.+)$/, 'done', '$1 done'],
  [/^xstate\.error\.actor\.(.+)$/, 'failed', '$1 failed'],
  [/^xstate\.done\.state\.(?:.+\.)?([^.]+)$/, 'done', '$1 done'],
  [/^backstep\.(.+)$/, 'command', '$1'],
];

/** An event, by its type as the machine or the journal has it. */
export function triggerOf({ timers }: Pick<SagaDefinition, 'timers'>, type: string): Trigger {
  if (type === '') return { kind: 'always', words: '' };
  const role = timers.get(type);
  switch (role?.kind) {
    case 'attempt-timeout':
      return { kind: 'timer', words: `${role.activity} timed out` };
    case 'retry':
      return { kind: 'timer', words: `retry of ${role.activity}` };
    case 'wait':
      return { kind: 'timer', words: `after ${role.delay}` };
    case undefined:
      break;
  }
  for (const [pattern, kind, words] of PATTERNS) {
    if (pattern.test(type)) return { kind, words: type.replace(pattern, words) };
  }
  return { kind: 'event', words: type };
}
