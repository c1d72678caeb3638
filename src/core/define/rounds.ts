/**
 * What the compiler knows of a loop's rounds within the loop: types for `draft.ts`, and nothing else.
 *
 * The compiler reads a round from its first block to its last, so that a mapper knows what stands
 * before it, and a condition after the steps knows all of them.
 */
import type { ActivityOutput } from '../activity.ts';

/**
 * The loop that a draft writes a round of, and what the round brings so far. `Option`: written within
 * an option of the round, which other rounds may not have taken.
 */
export interface RoundOf<
  Loop extends string = string,
  Added = unknown,
  Option extends boolean = boolean,
> {
  readonly loop: Loop;
  readonly added: Added;
  readonly isOption: Option;
}

/** The round with one more block. */
export type WithinRound<Round extends RoundOf, More> = [Round] extends [never]
  ? never
  : RoundOf<
      Round['loop'],
      Round['added'] & (Round['isOption'] extends true ? Partial<More> : More),
      Round['isOption']
    >;

/** The round as an option of it is written. */
export type InOption<Round extends RoundOf> = [Round] extends [never]
  ? never
  : RoundOf<Round['loop'], Round['added'], true>;

/** The results that a mapper sees: within a loop the finished rounds as well. `Own`: of its step. */
export type Shown<C, Results, Round extends RoundOf, Own = unknown> = [Round] extends [never]
  ? Results
  : Results & Record<Round['loop'], readonly EarlierRound<C, Round['added'] & Partial<Own>>[]>;

/**
 * What a finished round of a loop gave, as seen from a mapper within the loop. `Known`: the blocks
 * written up to there, and the mapper's own step. The compiler has not read what comes later in the
 * round: a step that bears the name of its activity has that activity's output, of any other name
 * it is `unknown`. Behind the loop, and in a `while` written after `steps`, every step is typed.
 */
export type EarlierRound<C, Known> = Known & {
  readonly [Step in Exclude<keyof C, keyof Known>]?: ActivityOutput<C, Step>;
} & { readonly [step: string]: unknown };

/** What the finished rounds gave, as the loop's condition sees them. `Brought`: `unknown` until read. */
export type FinishedRounds<C, Loop extends string, Brought> = Record<
  Loop,
  readonly (unknown extends Brought ? EarlierRound<C, unknown> : Brought)[]
>;
