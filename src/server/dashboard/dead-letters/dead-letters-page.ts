/**
 * `/dead-letters`: what was given up on, by what it is for, and what a person may decide about it.
 *
 * Invariant: a group is acted on through a frozen list, a single saga over the version that was
 * shown.
 */
import { BackstepError } from '../../../core/errors.ts';
import type { DeadLetter, LetterGroupKey } from '../../../store/read-models.ts';
import type { HttpContext } from '../../context.ts';
import { letterGroupOf, letterGroupQuery } from './letter-group.ts';
import { region, type Region, type RegionGroup } from '../../live/page-region.ts';
import type { Page } from '../../page.ts';
import { textOf } from '../../query.ts';
import { definitionOf, readableState } from '../../saga-lookup.ts';
import { deadLettersPage, letterCard, letterGroups } from './dead-letters-view.ts';
import type { Html } from '../frame/html.ts';

const MIN_AGE_MS = 500;
const SHOWN_LETTERS = 20;

/** Which letters, from where on. */
interface Look {
  readonly group: LetterGroupKey | null;
  readonly cursor: string | null;
}

/** The page. */
export function createDeadLettersPage(context: HttpContext): Page {
  return {
    path: '/dead-letters',
    title: 'Dead letters',
    nav: 'Dead letters',
    groups: (query) => groupsOf(context, query),
    content: deadLettersPage,
  };
}

function groupsOf(context: HttpContext, query: URLSearchParams): readonly RegionGroup[] {
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
  const page = { limit: SHOWN_LETTERS, cursor: look.cursor };
  const [groups, letters] = await Promise.all([
    backstep.read.deadLetterGroups(),
    backstep.read.deadLetters(page, look.group ?? undefined),
  ]);
  const sagas = await backstep.read.summaries(letters.items.map(({ sagaId }) => sagaId));
  const versions = new Map(sagas.map(({ id, version }) => [id, version]));
  const cards = await Promise.all(
    letters.items.map((letter) => cardOf(context, letter, versions.get(letter.sagaId))),
  );
  const { group } = look;
  const content = { groups, group, cards, nextCursor: letters.nextCursor, isReadOnly };
  return [await region('letters', letterGroups(content))];
}

/** `version`: the one that the saga runs under, whose members and events its forms ask for. */
async function cardOf(
  context: HttpContext,
  letter: DeadLetter,
  version: number | undefined,
): Promise<Html> {
  const { backstep, isReadOnly } = context;
  const state = await readableState(backstep, letter.sagaId);
  if (state instanceof BackstepError) return letterCard(letter, state.message);
  const definition = definitionOf(backstep, letter.type, version);
  const name = `${letter.type} ${letter.key ?? letter.sagaId}`;
  const editable = definition?.editable ?? null;
  const events = definition?.events ?? new Map<string, never>();
  const scope = { id: letter.sagaId, name, state, editable, events, isReadOnly };
  return letterCard(letter, scope);
}
