/**
 * States in words, icon and colour: never colour alone.
 */
import { html } from 'hono/html';
import type { Html } from './html.ts';

/** What a state looks like; `tone` names a colour of the stylesheet. */
interface Look {
  readonly icon: string;
  readonly words: string;
  readonly tone: 'calm' | 'busy' | 'good' | 'back' | 'bad' | 'warn';
}

const LOOKS: Readonly<Record<string, Look>> = {
  pending: { icon: '○', words: 'pending', tone: 'calm' },
  running: { icon: '▶', words: 'running', tone: 'busy' },
  waiting: { icon: '◷', words: 'waiting', tone: 'busy' },
  paused: { icon: '‖', words: 'paused', tone: 'calm' },
  retrying: { icon: '↻', words: 'retrying', tone: 'warn' },
  in_doubt: { icon: '?', words: 'in doubt', tone: 'warn' },
  completed: { icon: '✓', words: 'completed', tone: 'good' },
  compensating: { icon: '↩', words: 'compensating', tone: 'back' },
  compensated: { icon: '↶', words: 'compensated', tone: 'back' },
  compensation_failed: { icon: '!', words: 'compensation failed', tone: 'bad' },
  failed: { icon: '✗', words: 'failed', tone: 'bad' },
  parked: { icon: '!', words: 'parked', tone: 'bad' },
  terminated: { icon: '■', words: 'terminated', tone: 'calm' },
  passed: { icon: '✓', words: 'passed', tone: 'good' },
  idle: { icon: '○', words: 'not run', tone: 'calm' },
  skipped: { icon: '»', words: 'skipped', tone: 'calm' },
  not_compensated: { icon: '»', words: 'not compensated', tone: 'warn' },
  refunded: { icon: '↶', words: 'refunded', tone: 'back' },
  queued: { icon: '◷', words: 'queued', tone: 'busy' },
  sent: { icon: '✓', words: 'sent', tone: 'good' },
  cancelled: { icon: '↶', words: 'cancelled', tone: 'back' },
  confirmed: { icon: '✓', words: 'confirmed', tone: 'good' },
  reverted: { icon: '↶', words: 'reverted', tone: 'back' },
  held: { icon: '◷', words: 'held', tone: 'busy' },
  shipped: { icon: '✓', words: 'shipped', tone: 'good' },
  released: { icon: '↶', words: 'released', tone: 'back' },
};

/** The colour of a state, as a class of the stylesheet. */
export function toneClass(status: string): string {
  return `tone-${lookOf(status).tone}`;
}

/** A state as a badge. */
export function badge(status: string): Html {
  const { icon, words } = lookOf(status);
  return html`<span class="badge ${toneClass(status)}"
    ><span class="icon" aria-hidden="true">${icon}</span> ${words}</span
  >`;
}

/** A state in words. */
export function wordsOf(status: string): string {
  return lookOf(status).words;
}

function lookOf(status: string): Look {
  const known = Object.hasOwn(LOOKS, status) ? LOOKS[status] : undefined;
  return known ?? { icon: '·', words: status.replaceAll('_', ' '), tone: 'calm' };
}
