/**
 * A saga that ran in production, replayed against the code of today: a test that keeps an exported
 * journal notices the change that would lead its saga elsewhere.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { replay } from '../core/history/replay.ts';
import { readExport } from '../host/upkeep/journal-export.ts';
import { type SagaStory, storyOf } from './saga-story.ts';

/**
 * The story that an exported journal tells with this definition. Throws at the first record that
 * leads elsewhere, and says which and why.
 *
 * @param exported what `backstep export <saga id>` prints, parsed
 * @example
 * const exported: unknown = JSON.parse(await readFile('test/journals/order-4711.json', 'utf8'));
 * expect(replayExported(orderSaga, exported)).toBeCompleted();
 */
export function replayExported<C extends object>(
  definition: SagaDefinition<C>,
  exported: unknown,
): SagaStory {
  const { saga, records } = readExport(exported);
  if (saga.type !== definition.id) {
    throw new TypeError(`the journal is of a saga "${saga.type}", not of "${definition.id}"`);
  }
  return storyOf(definition, saga.id, replay(definition, saga.id, records));
}
