/**
 * What the attempts of a saga are called in its machine, where one activity serves several steps.
 *
 * A step's attempts are called like the step. A compensation or probe is called like its activity,
 * as long as nothing before it in the saga is; else `<activity>-<step>`. So a use that is added at
 * the end changes no name that sagas in flight have.
 */
import { type AttemptPlan, type Block, type EffectPlan, everyBlock, withEffects } from './plan.ts';

/** The blocks with every attempt named. */
export function withAttemptNames(blocks: readonly Block[]): readonly Block[] {
  const taken = new Set(everyBlock(blocks).map(({ name }) => name));
  const named = <Attempt extends AttemptPlan | null>(attempt: Attempt, step: string): Attempt => {
    if (attempt === null) return attempt;
    const { activity } = attempt;
    const name = taken.has(activity) ? `${activity}-${step}` : activity;
    taken.add(name);
    return { ...attempt, name };
  };
  return withEffects(blocks, (effect): EffectPlan => {
    const { name: step } = effect;
    if (effect.block === 'child') {
      return { ...effect, compensation: named(effect.compensation, step) };
    }
    const probe = named(effect.probe, step);
    return { ...effect, probe, compensation: named(effect.compensation, step) };
  });
}
