/**
 * The judgement on `verify`, by one saga and the mistakes put into it: a saga as it was drawn has
 * no finding, a harmful mistake has one whose way shows the harm, and one that `verify` lets pass
 * does no harm on any way that is walked.
 */
import { examplesFor } from '../../src/verify/values/learn.ts';
import type { Finding } from '../../src/verify/findings.ts';
import { verify } from '../../src/verify/verify.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { Dice } from './dice.ts';
import { mutate, MUTATIONS } from './mutations.ts';
import { retake } from './retake.ts';
import type { Subject } from './subject.ts';
import { MANNERS, type Manner } from './happenings.ts';
import { walk } from './walk.ts';

/** What became of a mistake. */
export type Verdict =
  /** It cannot even be registered. */
  | 'refused'
  /** A finding, and its way shows the harm. */
  | 'found'
  /** A finding whose way shows nothing. */
  | 'unshown'
  /** A warning, and no harm. */
  | 'warned'
  /** No finding, and no harm. */
  | 'harmless'
  /** No finding of an error, but a way that does harm. */
  | 'missed'
  /** `verify` said that it did not see everything, and there was harm. */
  | 'unproved';

export interface Judged {
  readonly kind: string;
  readonly what: string;
  readonly verdict: Verdict;
  /** The finding, or the harm and the way to it. */
  readonly told: string;
}

/** Most states that a saga or a mutation of it is explored to. */
const MAX_STATES = 3_000;
const RANDOM_WALKS = 30;

/** What `verify` says of a saga as it was drawn. */
export interface Unmutated {
  readonly states: number;
  readonly isExhaustive: boolean;
  /** None of a sound saga. */
  readonly errors: readonly string[];
  readonly warnings: ReadonlySet<string>;
}

/** Verifies a saga as it was drawn. */
export function judgeUnmutated({ definition }: Subject): Unmutated {
  const { findings, bounds, exhaustive } = verify(definition, { maxStates: MAX_STATES });
  const messagesOf = (wanted: string): string[] =>
    findings.filter(({ severity }) => severity === wanted).map(textOf);
  const warnings = new Set(messagesOf('warning'));
  const { states } = bounds;
  return { states, isExhaustive: exhaustive, errors: messagesOf('error'), warnings };
}

/** The first harm that is met on any way; `null`: none. */
export function harmIn(subject: Subject, definition: SagaDefinition): string | null {
  const { seed, areIndependent } = subject;
  const examples = examplesFor(definition, {});
  const taken = new Set<string>();
  const common = { definition, examples, areIndependent, taken };
  const tell = ({ fault, way }: ReturnType<typeof walk>): string | null =>
    fault === null ? null : `${fault}\n      ${way.join(' | ')}`;
  for (const [index, manners] of troublesOf(definition).entries()) {
    const dice = new Dice(`${seed}/trouble/${index}`);
    const told = tell(walk({ ...common, dice, manners, isCalm: true }));
    if (told !== null) return told;
  }
  for (let index = 0; index < RANDOM_WALKS; index++) {
    const told = tell(walk({ ...common, dice: new Dice(`${seed}/walk/${index}`) }));
    if (told !== null) return told;
  }
  return null;
}

/** `count` mistakes in a saga, of kinds by chance, each judged. */
export function judgeMutants(
  subject: Subject,
  { warnings }: Unmutated,
  count: number,
): readonly Judged[] {
  const dice = new Dice(`${subject.seed}/mutations`);
  const judged: Judged[] = [];
  const kinds = dice.shuffled(Object.keys(MUTATIONS));
  for (const kind of kinds) {
    if (judged.length >= count) break;
    const mutation = mutate(subject.config, kind, dice);
    if (mutation !== null)
      judged.push({ ...judge(subject, warnings, mutation.config), ...mutation });
  }
  return judged;
}

function judge(
  subject: Subject,
  known: ReadonlySet<string>,
  config: object,
): Pick<Judged, 'verdict' | 'told'> {
  let definition: SagaDefinition;
  try {
    definition = subject.with(config);
  } catch (error) {
    return { verdict: 'refused', told: String(error) };
  }
  const { findings, exhaustive } = verify(definition, { maxStates: MAX_STATES });
  const errors = findings.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first !== undefined) {
    const examples = examplesFor(definition, {});
    const shown = errors
      .map((each) => retake(definition, examples, each))
      .find((each) => each !== null);
    const way = first.way.map(({ event, state }) => `${event} → ${state}`).join(' | ');
    const told = `${first.code}: ${textOf(first)}\n      ${way}\n      ${shown ?? ''}`;
    return { verdict: shown === undefined ? 'unshown' : 'found', told };
  }
  const harm = harmIn(subject, definition);
  if (harm === null) {
    const news = findings.find((each) => !known.has(textOf(each)));
    return {
      verdict: news === undefined ? 'harmless' : 'warned',
      told: news === undefined ? '' : textOf(news),
    };
  }
  return { verdict: exhaustive ? 'missed' : 'unproved', told: harm };
}

function textOf({ what, where }: Finding): string {
  return `${where}: ${what}`;
}

/** One activity in trouble at a time, and each compensation together with every last step. */
function troublesOf({ invokes }: SagaDefinition): readonly ReadonlyMap<string, Manner>[] {
  const of = (direction: string): string[] =>
    [...invokes].filter(([, role]) => role.direction === direction).map(([id]) => id);
  const forward = of('forward');
  const last = forward.at(-1);
  const alone = forward.flatMap((id) => MANNERS.map((manner) => new Map([[id, manner]])));
  if (last === undefined) return alone;
  const back = of('compensate').flatMap((id) =>
    (['refused', 'lost'] as const).map(
      (manner) =>
        new Map<string, Manner>([
          [last, 'refused'],
          [id, manner],
        ]),
    ),
  );
  return [new Map(), ...alone, ...back];
}
