/**
 * The sagas in memory as a tree: children below the parent that started them, and what each does.
 */
import { html } from 'hono/html';
import { isStill } from '../../../core/state.ts';
import type { LiveActor } from '../../../host/figures.ts';
import { countdown, type Html, sagaLink, stillEndTime } from '../frame/html.ts';
import { emptyState } from '../frame/layout.ts';
import { badge } from '../frame/status-badge.ts';

/** The tree; `total`: how many actors there are, shown or not. */
export function actorTree(actors: readonly LiveActor[], total: number): Html {
  if (actors.length === 0) {
    return emptyState(
      'No saga is in memory.',
      'A saga that waits or has ended costs no memory: it is loaded when something comes for it.',
    );
  }
  const shown = new Set(actors.map(({ state }) => state.id));
  const below = Map.groupBy(actors, ({ state }) => {
    const parent = state.parent?.sagaId;
    return parent !== undefined && shown.has(parent) ? parent : '';
  });
  return html`${
      total > actors.length
        ? html`<p class="quiet">The newest ${actors.length} of ${total} actors.</p>`
        : ''
    }
    <ul class="actor-tree">
      ${(below.get('') ?? []).map((actor) => branch(actor, below))}
    </ul>`;
}

function branch(actor: LiveActor, below: ReadonlyMap<string, readonly LiveActor[]>): Html {
  const { type, state, mailboxItems, isBusy } = actor;
  const children = below.get(state.id) ?? [];
  // Timers of a saga that stands still are recorded, and act once it goes on.
  const due = isStill(state) ? stillEndTime : countdown;
  const activities = Object.entries(state.live.activities);
  const timers = Object.entries(state.live.timers);
  return html`<li>
    <span class="actor">
      <b>${type}</b> ${sagaLink(state.id, state.id)} ${badge(state.status)}
      <span class="quiet">turn ${state.seq}, mailbox ${mailboxItems}${isBusy ? ', busy' : ''}</span>
      ${
        state.parent === null
          ? ''
          : html`<span class="quiet">child of step ${state.parent.step}</span>`
      }
      <a class="quiet" href="/inspector?saga=${encodeURIComponent(state.id)}">inspect</a>
    </span>
    ${
      activities.length + timers.length === 0
        ? ''
        : html`<ul class="live">
            ${activities.map(
              ([id, { attempt, childId }]) =>
                html`<li>
                  ▶&nbsp;<code>${id}</code>
                  ${childId === undefined ? `attempt ${attempt}` : html`runs saga ${childId}`}
                </li>`,
            )}
            ${timers.map(
              ([id, { dueMs }]) =>
                html`<li>
                  ◷&nbsp;<code>${id}</code>
                  ${dueMs === undefined ? 'from dispatch' : due(dueMs)}
                </li>`,
            )}
          </ul>`
    }
    ${
      children.length === 0
        ? ''
        : html`<ul>
            ${children.map((child) => branch(child, below))}
          </ul>`
    }
  </li>`;
}
