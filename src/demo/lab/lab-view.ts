/**
 * The fault lab as a whole: what a saga is, the scenarios, one's own faults, processes, load.
 */
import { html } from 'hono/html';
import { type ActiveFault, FAULT_PRESETS } from './fault-controls.ts';
import { type Scenario, SCENARIOS } from './lab-scenarios.ts';
import { MAX_CONCURRENCY, MAX_LOAD } from './load-generator.ts';
import { faultTable } from './fault-table.ts';
import { type Html, readOnlyNote } from '../../server/dashboard/frame/html.ts';
import { pageHead } from '../../server/dashboard/frame/layout.ts';
import { outcomeId, scenarioCard } from './lab-scenario.ts';

export interface LabPage {
  readonly activities: readonly string[];
  /** What the form is filled with. */
  readonly filled: readonly Pick<
    ActiveFault,
    'activity' | 'failNext' | 'failureRate' | 'latencyMs' | 'mode'
  >[];
  /** The preset that filled the form. */
  readonly preset: string | null;
  /** Nothing can be broken here, only looked at. */
  readonly isReadOnly: boolean;
  /** Another process owns the database and makes the calls that faults meet. */
  readonly isStandby: boolean;
  /** Why the process should not be crashed; `null`: it may. */
  readonly crashLock: string | null;
}

/** The page. */
export function labPage(page: LabPage, region: (id: string) => Html): Html {
  return html`${pageHead(
      'Fault lab',
      'Break things on purpose and watch what happens to the orders. Nothing here is simulated.',
    )}
    ${introduction()}
    ${
      page.isStandby
        ? html`<p class="note">
            This process is a standby, and makes no calls. What you set here is set in the process
            that owns the database, where it acts; the list shows what that one last answered. Only
            a crash is of this process.
          </p>`
        : ''
    }
    <div id="lab-result" role="status"></div>
    <section aria-labelledby="scenarios">
      <h2 id="scenarios">Thirteen ways to lose an order</h2>
      <p class="lead">
        Each button places one order and breaks only that one. Below it stands what must come of it,
        and what really came of it: read from the saga, the books and the payment provider.
      </p>
      <div class="scenarios">
        ${SCENARIOS.map((scenario: Scenario, index) =>
          scenarioCard(scenario, index + 1, region(outcomeId(scenario)), page.isReadOnly),
        )}
      </div>
    </section>
    <section aria-labelledby="own">
      <h2 id="own">Your own faults</h2>
      ${page.isReadOnly ? readOnlyNote('nothing can be broken here') : ownFaults(page)}
      <div id="lab-faults" aria-live="polite">${region('lab-faults')}</div>
    </section>
    <div class="columns">
      <section aria-labelledby="processes">
        <h2 id="processes">Real processes</h2>
        ${processes(page, region)}
      </section>
      <section aria-labelledby="load">
        <h2 id="load">Load</h2>
        ${page.isReadOnly ? readOnlyNote('no order can be placed here') : loadForm()}
        <div id="lab-load">${region('lab-load')}</div>
      </section>
    </div>`;
}

function ownFaults({ preset, activities, filled }: LabPage): Html {
  return html`<p class="lead">
      These meet every order until you reset them. A preset only fills the form: nothing changes
      before you press “Apply”.
    </p>
    <p class="presets">
      ${FAULT_PRESETS.map(
        ({ id, label, hint }) =>
          html`<a
            class="button"
            href="/faults?preset=${id}#own"
            title="${hint}"
            ${id === preset ? html`aria-current="true"` : ''}
            >${label}</a
          >`,
      )}
    </p>
    ${faultTable(activities, filled)}`;
}

/** The scenario that is slowed down to be watched. */
function firstToTry(): Html {
  const index = SCENARIOS.findIndex(({ id }) => id === 'no-order');
  const scenario = SCENARIOS[index];
  if (scenario === undefined) return html``;
  return html`try <a href="#scenario-${scenario.id}">number ${index + 1}</a> first, where each
    compensation takes its time.`;
}

/** What a saga is, for people who never heard of one. */
function introduction(): Html {
  const steps = [
    ['Reserve stock', 'Release stock'],
    ['Take payment', 'Refund payment'],
    ['Queue mail', 'Cancel mail'],
    ['Confirm order', 'Revert order'],
  ] as const;
  const rail = (
    forward: readonly (readonly [tone: string, words: string])[],
    back: readonly (readonly [tone: string, words: string] | null)[],
  ): Html =>
    html`<ol class="rail is-small">
      ${steps.map(([step, compensation], index) => {
        const [tone, words] = forward[index] ?? ['calm', ''];
        const undone = back[index] ?? null;
        return html`<li class="stop">
          <div class="cell forward tone-${tone}"><b>${step}</b> ${words}</div>
          ${
            undone === null
              ? html`<div class="cell backward is-pending"><b>${compensation}</b> not needed</div>`
              : html`<div class="cell backward tone-${undone[0]}">
                  <b>${compensation}</b> ${undone[1]}
                </div>`
          }
        </li>`;
      })}
    </ol>`;
  const done = ['good', '✓ done'] as const;
  return html`<section aria-labelledby="what">
    <h2 id="what">What you see here, in one minute</h2>
    <p>
      An order is four steps in four different services. No database can undo all four at once. So
      each step brings its opposite: <b>a compensation</b>. When a step fails for good, the steps
      that were done are compensated, the last one first. That is a <b>saga</b>.
    </p>
    <h3>The last step fails</h3>
    ${rail(
      [done, done, done, ['bad', '✗ fails']],
      [['back', '↶ third'], ['back', '↶ second'], ['back', '↶ first'], null],
    )}
    <p>
      Watch it happen: ${firstToTry()} The hard part is everything in between: a lost answer, a
      crash, a refund that fails as well.
    </p>
  </section>`;
}

function processes({ isReadOnly, crashLock }: LabPage, region: (id: string) => Html): Html {
  return html`${isReadOnly ? readOnlyNote('nothing can be crashed here') : crashForm(crashLock)}
    <div id="lab-provider" aria-live="polite">${region('lab-provider')}</div>`;
}

function crashForm(lock: string | null): Html {
  return html`<form
      class="commands"
      method="post"
      action="/faults/actions/crash"
      hx-post="/faults/actions/crash"
      hx-target="#lab-result"
    >
      <button class="danger" type="submit" ${lock === null ? '' : html`disabled`}>
        Crash this server
      </button>
    </form>
    <p class="quiet">
      It ends at once, without saving anything, and a launcher starts it again. Orders under way go
      on where they were.
    </p>
    ${lock === null ? '' : html`<p class="quiet">${lock}</p>`}`;
}

function loadForm(): Html {
  const action = '/faults/actions/load';
  return html`<form
    class="order-form"
    method="post"
    action="${action}"
    hx-post="${action}"
    hx-target="#lab-result"
  >
    <label
      >Orders <input name="total" type="number" value="200" min="1" max="${MAX_LOAD}" required
    /></label>
    <label
      >At a time
      <input name="concurrency" type="number" value="20" min="1" max="${MAX_CONCURRENCY}" required
    /></label>
    <button class="primary" type="submit">Place them</button>
  </form>`;
}
