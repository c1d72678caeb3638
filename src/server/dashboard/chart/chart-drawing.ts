/**
 * The drawing of a definition, wherever one is shown.
 */
import type { SagaDefinition } from '../../../core/define/definition.ts';
import type { LitState } from '../../../explain/chart-lights.ts';
import type { HttpContext } from '../../context.ts';
import type { Html } from '../frame/html.ts';
import type { ChartLayouts } from './chart-layout.ts';
import type { ChartLook } from './chart-look.ts';
import { chartFrame } from './chart-svg.ts';

/** With these states lit; `null`: it could not be laid out, as the log says. */
export async function drawn(
  { logger }: Pick<HttpContext, 'logger'>,
  layouts: ChartLayouts,
  definition: SagaDefinition,
  look: ChartLook,
  lit: readonly LitState[] = [],
): Promise<Html | null> {
  try {
    const laid = await layouts.of(definition, look);
    return chartFrame(laid, look, lit, `Statechart of ${definition.id}`);
  } catch (error) {
    logger.error({ err: error, type: definition.id }, 'a chart could not be laid out');
    return null;
  }
}
