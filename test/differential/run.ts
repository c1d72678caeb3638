/**
 * `npm run differential`: random machines and those written by hand, live and durable, as many
 * events as one likes, with a restart after each. Ends with 1 at the first difference.
 */
import { inspect } from 'node:util';
import { readFlags, refuse } from '../fixtures/tool-flags.ts';
import { Dice } from '../generated/dice.ts';
import type { Case, Happening } from './case.ts';
import { Comparison } from './compare.ts';
import { drawHappening, generatedCase } from './generated-cases.ts';
import { ACTIVITY_CASES } from './machines/with-activities.ts';
import { ACTOR_CASES } from './machines/with-actors.ts';
import { CLOCK_CASES } from './machines/with-clocks.ts';
import { EVENT_CASES } from './machines/with-events.ts';
import { GUARD_CASES } from './machines/with-guards.ts';

const USAGE = `npm run differential -- --events 100000 --seed 1   machines from this seed on`;

/** Events a machine sees before it is the turn of the next one. */
const EVENTS_EACH = 40;
/** One machine in so many is written by hand. */
const HAND_WRITTEN_EVERY = 3;
const MAX_TOLD = 5;

const flags = readFlags(USAGE, { events: { type: 'string' }, seed: { type: 'string' } });
const wanted = countOf('events', 10_000);
const first = countOf('seed', 1);
const byHand = Object.entries({
  ...EVENT_CASES,
  ...GUARD_CASES,
  ...CLOCK_CASES,
  ...ACTIVITY_CASES,
  ...ACTOR_CASES,
});
const startedMs = performance.now();
let events = 0;
let machines = 0;
let restarts = 0;
const differences: string[] = [];
for (let seed = first; events < wanted; seed++) await compare(seed);
const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
console.log(
  `from seed ${first}: ${events} events on ${machines} machines, ${restarts} restarts, ` +
    `${differences.length} machines with a difference, ${seconds} s`,
);
for (const difference of differences.slice(0, MAX_TOLD)) console.log(difference);
process.exitCode = differences.length === 0 ? 0 : 1;

async function compare(seed: number): Promise<void> {
  const [name, each] = caseOf(seed);
  const dice = new Dice(`happenings/${seed}`);
  const told: Happening[] = [];
  machines += 1;
  try {
    const both = await Comparison.start(each);
    for (let count = 0; count < EVENTS_EACH; count++) {
      const it = drawHappening(dice);
      told.push(it);
      const { live, saga, isSame } = await both.happen(it, true);
      events += 1;
      restarts += 1;
      if (!isSame) return differ(name, told, { live, saga });
      if (live.status !== 'active') return;
    }
  } catch (error) {
    differ(name, told, error);
  }
}

function caseOf(seed: number): readonly [string, Case] {
  const written = byHand[seed % byHand.length];
  if (seed % HAND_WRITTEN_EVERY === 0 && written !== undefined) return written;
  return [`seed ${seed}`, generatedCase(seed)];
}

function differ(name: string, told: readonly Happening[], what: unknown): void {
  const happenings = told.map((each) => JSON.stringify(each)).join(' ');
  differences.push(`${name}: after ${happenings}\n${inspect(what, { depth: 8 })}`);
}

function countOf(flag: 'events' | 'seed', otherwise: number): number {
  const count = Number(flags[flag] ?? otherwise);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  refuse(`--${flag} is a whole number, not "${flags[flag]}"`, USAGE);
}
