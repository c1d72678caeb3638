/**
 * `/dead-letters`: what was given up on, by what it is for, and what a person may decide about it.
 *
 * Invariant: a group is acted on through a frozen list, a single saga over the version that was
 * shown.
 */
import { Hono } from 'hono';
import { BackstepError } from '../../../core/errors.ts';
import type { DeadLetter, LetterGroupKey, Page } from '../../../store/read-models.ts';
import { definitionOf, queryOf, type HttpContext, type HttpEnv } from '../../context.ts';
import { letterGroupOf, letterGroupQuery } from './letter-group.ts';
import { renderPage, type PageKit } from '../frame/page-frame.ts';
import { region, type Region, type RegionGroup } from '../../live/page-region.ts';
import { textOf } from '../../query.ts';
import { readableState } from '../../api/saga-routes.ts';
import { deadLettersPage, letterCard, letterGroups } from './dead-letters-view.ts';
import type { Html } from '../frame/html.ts';

const MIN_AGE_MS = 500;
const SHOWN_LETTERS = 20;

/** Which letters, from where on. */
interface Look {
  readonly group: LetterGroupKey | null;
  readonly cursor: string | null;
}

/** The route, to be mounted at `/`. */
export function deadLettersRoutes(kit: PageKit): Hono<HttpEnv> {
  return new Hono<HttpEnv>().get('/dead-letters', async (c) => {
    const query = queryOf(c);
    const groups = deadLettersGroups(kit.context, query);
    const live = new URLSearchParams(query);
    live.set('view', 'dead-letters');
    const spec = {
      title: 'Dead letters',
      at: '/dead-letters',
      live: live.toString(),
      groups,
    } as const;
    return c.html(await renderPage(kit, spec, deadLettersPage));
  });
}

/** The live parts of the page. Throws `query-invalid`. */
export function deadLettersGroups(
  context: HttpContext,
  query: URLSearchParams,
): readonly RegionGroup[] {
  const look = { group: letterGroupOf(query), cursor: textOf(query, 'cursor') };
  const { group, cursor } = look;
  const name = group === null ? '' : letterGroupQuery(group).toString();
  return [
    {
      key: `dead-letters ${name} ${cursor ?? ''}`,
      minAgeMs: MIN_AGE_MS,
      render: () => regionsOf(context, look),
    },
  ];
}

async function regionsOf(context: HttpContext, look: Look): Promise<readonly Region[]> {
  const { backstep, isReadOnly } = context;
  const page: Page = { limit: SHOWN_LETTERS, cursor: look.cursor };
  const [groups, letters] = await Promise.all([
    backstep.read.deadLetterGroups(),
    backstep.read.deadLetters(page, look.group ?? undefined),
  ]);
  const cards = await Promise.all(letters.items.map((letter) => cardOf(context, letter)));
  const { group } = look;
  const content = { groups, group, cards, nextCursor: letters.nextCursor, isReadOnly };
  return [await region('letters', letterGroups(content))];
}

async function cardOf(context: HttpContext, letter: DeadLetter): Promise<Html> {
  const { backstep, isReadOnly } = context;
  const state = await readableState(backstep, letter.sagaId);
  if (state instanceof BackstepError) return letterCard(letter, state.message);
  const definition = definitionOf(backstep, letter.type);
  const name = `${letter.type} ${letter.key ?? letter.sagaId}`;
  const editable = definition?.editable ?? null;
  const scope = { id: letter.sagaId, name, state, editable, isReadOnly };
  return letterCard(letter, scope);
}
