/**
 * The judgement on `verify`, by one saga and the mistakes put into it: a saga as it was drawn has
 * no finding, a harmful mistake has one whose way shows the harm, and one that `verify` lets pass
 * does no harm on any way that is walked.
 */
import { examplesFor } from '../../src/verify/values/learn.ts';
import type { Finding } from '../../src/verify/findings.ts';
import { type Verification, verify } from '../../src/verify/verify.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { BUILDER_MISTAKES, mistaken } from './builder-mistakes.ts';
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
/** Most mistakes show within so many. */
const FEW_STATES = 60;
/** So far a mistake that does harm is looked for before it counts as not proved. */
const ALL_STATES = 100_000;
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
  for (const kind of dice.shuffled(kindsFor(subject))) {
    if (judged.length >= count) break;
    const mutant = mutantOf(subject, kind, dice);
    if (mutant === null) continue;
    judged.push({ kind, what: mutant.what, ...judge(subject, warnings, mutant) });
  }
  return judged;
}

interface Mutant {
  readonly what: string;
  /** Throws what it is refused with. */
  readonly make: () => SagaDefinition;
}

// Of a built saga half of them are in what the builder is given, half in what it draws.
function kindsFor({ style }: Subject): readonly string[] {
  const drawn = Object.keys(MUTATIONS);
  return style === 'built' ? [...drawn, ...Object.keys(BUILDER_MISTAKES)] : drawn;
}

function mutantOf(subject: Subject, kind: string, dice: Dice): Mutant | null {
  if (Object.hasOwn(BUILDER_MISTAKES, kind)) return mistaken(subject.sketch, kind, dice);
  const mutation = mutate(subject.config, kind, dice);
  return mutation && { what: mutation.what, make: () => subject.with(mutation.config) };
}

function judge(
  subject: Subject,
  known: ReadonlySet<string>,
  { make }: Mutant,
): Pick<Judged, 'verdict' | 'told'> {
  let definition: SagaDefinition;
  try {
    definition = make();
  } catch (error) {
    return { verdict: 'refused', told: String(error) };
  }
  const { shown, findings, exhaustive } = accuse(definition, known);
  if (shown !== null) return { verdict: 'found', told: shown };
  const first = findings.find(({ severity }) => severity === 'error');
  if (first !== undefined) return { verdict: 'unshown', told: withWay(first) };
  const harm = harmIn(subject, definition);
  if (harm === null) {
    const news = findings.find((each) => !known.has(textOf(each)));
    return {
      verdict: news === undefined ? 'harmless' : 'warned',
      told: news === undefined ? '' : textOf(news),
    };
  }
  return exhaustive ? { verdict: 'missed', told: harm } : judgeFarther(definition, known, harm);
}

/** The verdict on a mistake that does harm and was not found before the exploration was cut. */
function judgeFarther(
  definition: SagaDefinition,
  known: ReadonlySet<string>,
  harm: string,
): Pick<Judged, 'verdict' | 'told'> {
  const { findings, exhaustive } = verify(definition, { maxStates: ALL_STATES });
  const shown = shownOf(definition, findings, known);
  if (shown !== null) return { verdict: 'found', told: shown };
  return { verdict: exhaustive ? 'missed' : 'unproved', told: harm };
}

interface Accusation extends Pick<Verification, 'findings' | 'exhaustive'> {
  /** A finding whose way shows the harm, and what it shows; `null`: none does. */
  readonly shown: string | null;
}

/**
 * What `verify` says. A way to a fault is the same however far one explores, so that most mistakes
 * are found in a few states; a difference from the ledger is told only where all else is sound.
 */
function accuse(definition: SagaDefinition, known: ReadonlySet<string>): Accusation {
  const few = verify(definition, { maxStates: FEW_STATES });
  const early = few.findings.filter(({ code }) => code !== 'engine-defect' || few.exhaustive);
  const shown = shownOf(definition, early, known);
  if (shown !== null || few.exhaustive) return { ...few, shown };
  const all = verify(definition, { maxStates: MAX_STATES });
  return { ...all, shown: shownOf(definition, all.findings, known) };
}

/** Errors first; a warning counts where the sound saga has none such. */
function shownOf(
  definition: SagaDefinition,
  findings: readonly Finding[],
  known: ReadonlySet<string>,
): string | null {
  const examples = examplesFor(definition, {});
  for (const each of findings) {
    if (known.has(textOf(each))) continue;
    const shown = retake(definition, examples, each);
    if (shown !== null) return `${withWay(each)}\n      ${shown}`;
  }
  return null;
}

function withWay(finding: Finding): string {
  const way = finding.way.map(({ event, state }) => `${event} → ${state}`).join(' | ');
  return `${finding.code}: ${textOf(finding)}\n      ${way}`;
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
