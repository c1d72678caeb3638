/** The states of a hand-drawn saga that wait, and those from its pivot on. */
import { eventsOf } from './built-saga.ts';
import {
  about,
  type AttemptExits,
  attemptStates,
  type Edge,
  probingState,
  type States,
} from './drawn-parts.ts';
import type { Block, StepSketch, WaitSketch } from './sketch.ts';

/** A wait; `on`: what else ends it. */
export function waitState(
  wait: WaitSketch,
  onward: string,
  back: string,
  on: Readonly<Record<string, string>> = {},
): object {
  const { name, mayRefuse, onExpired, reminds } = wait;
  const { go, no } = eventsOf(wait);
  const again = { target: 'pending', reenter: true, actions: ['tell'] };
  const pending = { after: { [`${name}.remind`]: again } };
  return {
    tags: ['waiting'],
    on: { [go]: onward, ...(mayRefuse ? { [no]: back } : {}), ...on },
    after: { [`${name}.expires`]: onExpired === 'continue' ? onward : back },
    ...(reminds ? { initial: 'pending', states: { pending } } : {}),
  };
}

/** The go or no-go; one in doubt is for a person to find out. */
export function pivotState(id: string, pivot: StepSketch, back: string, onward: string): object {
  const { name, hasProbe } = pivot;
  const exits: AttemptExits = {
    done: { target: onward },
    refused: { target: back },
    inDoubt: { target: `#${id}.pivot.in_doubt`, actions: [about('restart', name)] },
  };
  const meta = { step: name, kind: 'pivot' };
  const attempt = { name, step: name, meta, attempts: pivot.attempts };
  const asked = hasProbe ? { ...exits, inDoubt: { target: `#${id}.pivot.probing` } } : exits;
  return {
    initial: 'running',
    states: {
      ...attemptStates(attempt, asked),
      ...(hasProbe ? { probing: probingState(name, exits) } : {}),
      in_doubt: {
        tags: ['failed'],
        on: {
          'backstep.skip': onward,
          'backstep.compensate': back,
          'backstep.retry': `#${id}.pivot.running`,
        },
      },
    },
  };
}

/** What goes forward only: a step that is given up on waits for a person. */
export function finishingStates(id: string, blocks: readonly Block[]): States {
  const at = `#${id}.finishing`;
  const states: Record<string, object> = {};
  for (const [index, block] of blocks.entries()) {
    const { name } = block;
    const following = blocks[index + 1];
    const to = following === undefined ? `#${id}.completed` : `${at}.${following.name}`;
    if (block.block === 'wait') states[name] = waitState(block, to, to);
    if (block.block !== 'step') continue;
    const person: Edge = { target: `${at}.failed-${name}`, actions: [about('restart', name)] };
    const meta = { step: name, kind: 'retriable' };
    const attempt = { name, step: name, meta, attempts: block.attempts };
    const exits = { done: { target: to }, refused: person, inDoubt: person };
    states[name] = { initial: 'running', states: attemptStates(attempt, exits) };
    states[`failed-${name}`] = {
      tags: ['failed'],
      on: {
        'backstep.retry': `${at}.${name}`,
        'backstep.skip': `#${id}.partially_completed`,
      },
    };
  }
  return states;
}
