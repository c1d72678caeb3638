/**
 * What a plan must keep to, said at definition time with the place and the cure. Everything refused
 * here would otherwise be a saga that cannot be compensated, or a machine that cannot be drawn.
 */
import { BackstepError } from '../errors.ts';
import { eventTypeFlaw } from '../machine/event-types.ts';
import { meantInstead } from '../nearest-name.ts';
import { listed } from '../options-reader.ts';
import {
  attemptsIn,
  type Block,
  blocksIn,
  effectsIn,
  everyBlock,
  type ParallelPlan,
  type SagaPlan,
  type StepPlan,
  type WaitPlan,
  zonesOf,
} from './plan.ts';

const NAME_PATTERN = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const NAME_WORDS = 'at most 64 letters, digits, "-" and "_", a letter first';

/** Names that the compiled machine gives to a delay and to states of its own. */
const RESERVED_NAMES: readonly string[] = ['deadline', 'next', 'failed', 'done'];

/** Most rounds of a loop. */
const MAX_ROUNDS = 1_000;

/** Throws `definition-invalid` with the first thing that is wrong. */
export function checkPlan(plan: SagaPlan): void {
  const refuse: Refuse = (what) => {
    throw new BackstepError('definition-invalid', `saga "${plan.id}": ${what}`);
  };
  if (!NAME_PATTERN.test(plan.id)) refuse(`the id must be ${NAME_WORDS}`);
  if (plan.blocks.length === 0) refuse('it has no step; add one with .step(...)');
  checkNames(plan, refuse);
  for (const block of everyBlock(plan.blocks)) {
    checkBlock(block, refuse);
    checkNesting(block, refuse);
  }
  checkActivities(plan, refuse);
  checkKinds(plan, refuse);
}

// A child is invoked by its name, as an activity is.
function checkActivities({ blocks }: SagaPlan, refuse: Refuse): void {
  const children = effectsIn(blocks).filter(({ block }) => block === 'child');
  for (const { activity } of attemptsIn(blocks)) {
    if (!children.some(({ name }) => name === activity)) continue;
    refuse(`child "${activity}" is called like an activity of the saga; give it another name`);
  }
}

type Refuse = (what: string) => never;

function checkNames({ blocks }: SagaPlan, refuse: Refuse): void {
  const seen = new Map<string, string>();
  for (const { name, given = name, place } of namesIn(blocks, 'the saga')) {
    if (!NAME_PATTERN.test(given)) refuse(`"${given}" must be ${NAME_WORDS}`);
    if (RESERVED_NAMES.includes(given)) {
      refuse(`the name "${given}" is reserved for the machine itself; choose another`);
    }
    if (place === null) continue; // a branch has its parallel block to itself
    const other = seen.get(name);
    if (other !== undefined) {
      refuse(`the name "${name}" is used twice, by ${other} and by ${place}; give each its own`);
    }
    seen.set(name, place);
  }
}

interface Use {
  readonly name: string;
  /** What was written, where the name is made of it. */
  readonly given?: string;
  /** Where it is used, in words; `null`: where it need not differ from others. */
  readonly place: string | null;
}

/** Every name that a plan gives, in the order they are written. */
function namesIn(blocks: readonly Block[], holder: string): readonly Use[] {
  return blocks.flatMap((block, index) => {
    const place = `${block.block} "${block.name}" (number ${index + 1} in ${holder})`;
    return [...ownNames(block, place), ...innerNames(block)];
  });
}

function ownNames(block: Block, place: string): readonly Use[] {
  const activities =
    block.block === 'step'
      ? { probe: block.probe, compensation: block.compensation }
      : block.block === 'child'
        ? { compensation: block.compensation }
        : {};
  return [
    { name: block.name, place },
    ...Object.entries(activities).flatMap(([role, attempt]) =>
      attempt === null
        ? []
        : [{ name: attempt.name, given: attempt.activity, place: `the ${role} of ${place}` }],
    ),
  ];
}

function innerNames(block: Block): readonly Use[] {
  const { name } = block;
  switch (block.block) {
    case 'step':
    case 'child':
    case 'wait':
      return [];
    case 'parallel':
      return Object.entries(block.branches).flatMap(([branch, blocks]) => [
        { name: branch, place: null },
        ...namesIn(blocks, `branch "${branch}" of "${name}"`),
      ]);
    case 'choice':
      return block.options.flatMap((option) =>
        namesIn(option.blocks, `option "${option.name}" of "${name}"`),
      );
    case 'loop':
      return namesIn(block.blocks, `loop "${name}"`);
  }
}

/**
 * Throws `definition-invalid` for a wait whose event no schema declares, once any is declared: it
 * is misspelt, or was forgotten.
 */
export function checkAwaited({ id, blocks }: SagaPlan, declared: readonly string[]): void {
  if (declared.length === 0) return;
  for (const block of everyBlock(blocks)) {
    if (block.block !== 'wait') continue;
    const unknown = Object.keys(block.on).find((type) => !declared.includes(type));
    if (unknown === undefined) continue;
    throw new BackstepError(
      'definition-invalid',
      `saga "${id}": wait "${block.name}": no schema is given for event "${unknown}"` +
        `${meantInstead(unknown, declared)}; "events" declares ${listed(declared, 'and')}; ` +
        'add it there, z.object({}) for one that carries nothing',
    );
  }
}

function checkBlock(block: Block, refuse: Refuse): void {
  const { name } = block;
  switch (block.block) {
    case 'step':
      return checkStep(block, refuse);
    case 'child':
      return;
    case 'wait':
      if (Object.keys(block.on).length === 0) {
        refuse(`wait "${name}" names no event; say in "on" what it waits for`);
      }
      for (const type of Object.keys(block.on)) {
        const flaw = eventTypeFlaw(type);
        if (flaw !== null) refuse(`wait "${name}": ${flaw}`);
      }
      return;
    case 'parallel':
      for (const [branch, blocks] of Object.entries(block.branches)) {
        if (blocks.length === 0) refuse(`branch "${branch}" of "${name}" is empty; remove it`);
      }
      if (Object.keys(block.branches).length < 2) {
        refuse(`parallel "${name}" has fewer than two branches; write its steps in sequence`);
      }
      checkWaits(block, refuse);
      return;
    case 'choice':
      for (const option of block.options) {
        if (option.blocks.length > 0) continue;
        refuse(`option "${option.name}" of "${name}" is empty; leave it out to do nothing`);
      }
      if (block.options.length === 0) refuse(`choice "${name}" has no option; add one`);
      return;
    case 'loop':
      if (block.blocks.length === 0) refuse(`loop "${name}" is empty; give it a step`);
      if (!Number.isInteger(block.atMost) || block.atMost < 1 || block.atMost > MAX_ROUNDS) {
        refuse(
          `loop "${name}": atMost is ${block.atMost}; give a whole number up to ${MAX_ROUNDS}`,
        );
      }
  }
}

// An event is given to every branch at once. That both go back at it is the same as that one does.
function checkWaits({ name, branches }: ParallelPlan, refuse: Refuse): void {
  const all = Object.entries(branches).flatMap(([branch, blocks]) => awaitedIn(branch, blocks));
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(index + 1)) {
      if (one.branch === other.branch || one.type !== other.type) continue;
      const both =
        `waits "${one.wait.name}" and "${other.wait.name}" of parallel "${name}" both wait for ` +
        `"${one.type}"`;
      if (one.way !== other.way) {
        refuse(`${both}, one to continue and one to compensate; give each an event of its own`);
      }
      if (one.way === 'compensate' || (one.wait.isShared && other.wait.isShared)) continue;
      refuse(
        `${both}, in branches; give each an event of its own, or write shared: true in both if ` +
          'one event is to end both',
      );
    }
  }
}

interface Awaited {
  readonly branch: string;
  readonly wait: WaitPlan;
  readonly type: string;
  readonly way: 'continue' | 'compensate';
}

function awaitedIn(branch: string, blocks: readonly Block[]): readonly Awaited[] {
  const waits = everyBlock(blocks).filter((each) => each.block === 'wait');
  return waits.flatMap((wait) =>
    Object.entries(wait.on).map(([type, way]) => ({ branch, wait, type, way })),
  );
}

function checkStep({ name, kind, compensation, probe }: StepPlan, refuse: Refuse): void {
  if (kind === 'compensatable' && compensation === null) {
    refuse(
      `step "${name}" is compensatable but has no compensation; ` +
        'add compensate: { activity, input }, or a kind: pivot, retriable or read-only',
    );
  }
  if (kind === 'read-only' && probe !== null) {
    refuse(`step "${name}" is read-only, so it is never in doubt; remove its probe`);
  }
  if (kind !== 'compensatable' && compensation !== null) {
    refuse(`step "${name}" is ${kind} and never compensated; remove its compensate`);
  }
}

// Beyond this depth a drawing explains nothing any more, and a saga of its own does.
function checkNesting(outer: Block, refuse: Refuse): void {
  if (outer.block !== 'parallel' && outer.block !== 'loop') return;
  const nested = everyBlock(blocksIn(outer)).find(
    ({ block }) => block === 'parallel' || block === 'loop',
  );
  if (nested === undefined) return;
  refuse(
    `${nested.block} "${nested.name}" is inside of ${outer.block} "${outer.name}"; ` +
      'make the inner one a saga of its own and call it with .child(...)',
  );
}

function checkKinds({ blocks, deadlineMs }: SagaPlan, refuse: Refuse): void {
  const { forward, pivot: decisive, finishing } = zonesOf(blocks);
  const turn = blocks[forward.length];
  const pivots = effectsIn(blocks).filter((each) => each.block === 'step' && each.kind === 'pivot');
  const [pivot, second] = pivots;
  if (pivot !== undefined && second !== undefined) {
    refuse(`both "${pivot.name}" and "${second.name}" are the pivot; a saga has one`);
  }
  if (pivot !== undefined && !blocks.includes(pivot)) {
    refuse(`pivot "${pivot.name}" is inside of another block; put it between the blocks`);
  }
  if (pivot !== undefined && decisive === null) {
    refuse(
      `pivot "${pivot.name}" runs after "${turn?.name ?? ''}", from where the saga only goes ` +
        'forward; put it before every retriable step',
    );
  }
  if (deadlineMs !== null && forward.length === 0) {
    refuse(
      'it has a deadline but nothing that could be compensated before it; remove the deadline',
    );
  }
  for (const block of everyBlock(finishing)) {
    checkFinishing(block, pivot?.name ?? turn?.name ?? '', refuse);
  }
}

function checkFinishing(block: Block, turn: string, refuse: Refuse): void {
  const { name } = block;
  if (block.block === 'step' && block.kind === 'compensatable') {
    refuse(
      `step "${name}" is compensatable but runs after "${turn}", from where the saga only goes ` +
        'forward; move it before, or make it retriable',
    );
  }
  if (block.block === 'child' || block.block === 'loop') {
    refuse(
      `${block.block} "${name}" runs after "${turn}", from where nothing can be turned back; ` +
        'move it before, or use retriable steps',
    );
  }
  if (block.block !== 'wait') return;
  const ways = [block.onExpired, ...Object.values(block.on)];
  if (!ways.includes('compensate')) return;
  refuse(
    `wait "${name}" compensates but runs after "${turn}", from where the saga only goes forward; ` +
      'let every event and onExpired continue',
  );
}
