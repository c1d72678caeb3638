/**
 * The pages of definitions: all of them, and one with its steps, its drawing and what `verify` finds.
 */
import { html } from 'hono/html';
import type { RailSide } from '../../../explain/rail.ts';
import { railOf, stepsOn } from '../../../explain/rail.ts';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import type { Verification } from '../../../verify/verify.ts';
import type { Finding } from '../../../verify/findings.ts';
import type { VersionGap } from '../../../host/versions/version-gaps.ts';
import type { VersionCount } from '../../../store/read-models.ts';
import { type Html, table, tookTime } from '../frame/html.ts';
import { emptyState, pageHead } from '../frame/layout.ts';
import { railView } from '../saga/rail-view.ts';

/** A definition and how many sagas run under it. */
export interface ShownDefinition {
  readonly definition: SagaDefinition;
  /** True for the one that new starts use. */
  readonly isNewest: boolean;
  readonly count: VersionCount | undefined;
}

/** The address of a definition's page. */
export function definitionPath(type: string, version?: number): string {
  const query = version === undefined ? '' : `?version=${version}`;
  return `/definitions/${encodeURIComponent(type)}${query}`;
}

/** All definitions, with their counts; each one's verdict is a region named by `verdictId`. */
export function definitionList(definitions: readonly ShownDefinition[]): Html {
  if (definitions.length === 0) {
    return emptyState('No saga is registered.', 'Register one with backstep.register(...).');
  }
  return table(
    'Every registered definition',
    ['Saga', 'Version', 'Steps', 'Not ended', 'All', 'Fingerprint'],
    definitions.map(({ definition, isNewest, count }) => [
      html`<a href="${definitionPath(definition.id, definition.version)}">${definition.id}</a>`,
      html`${definition.version}${isNewest ? html` <span class="quiet">newest</span>` : ''}`,
      definition.steps.map(({ name }) => name).join(', '),
      count?.underWay ?? 0,
      count?.total ?? 0,
      html`<code>${definition.hash}</code>`,
    ]),
    '',
  );
}

/** Sagas that cannot go on under what is registered, and why. */
export function gapNote(gaps: readonly VersionGap[]): Html | string {
  if (gaps.length === 0) return '';
  return html`<div class="note tone-bad">
    ${gaps.map(
      ({ type, version, sagas, reason }) =>
        html`<p>${sagas} of ${type} v${version} cannot go on: ${reason}.</p>`,
    )}
  </div>`;
}

/** Counts of versions whose definition is not here: their sagas cannot go on. */
export function unregisteredNote(counts: readonly VersionCount[]): Html | string {
  const stranded = counts.filter(({ underWay }) => underWay > 0);
  if (stranded.length === 0) return '';
  return html`<div class="note tone-warn">
    ${stranded.map(
      ({ type, version, underWay }) =>
        html`<p>
          ${underWay} of ${type} v${version} have not ended, and that version is not registered
          here.
        </p>`,
    )}
  </div>`;
}

export interface DefinitionPage {
  readonly shown: ShownDefinition;
  readonly versions: readonly ShownDefinition[];
  /** The drawing; `null`: it could not be laid out. */
  readonly chart: Html | null;
  /** The form that starts one; `null`: none can be started here. */
  readonly start: Html | null;
}

/** Ways in which the API gives the drawing away. */
const EXPORTS = [
  ['machine', 'JSON'],
  ['mermaid', 'Mermaid'],
  ['stately', 'Stately'],
] as const;

/** One definition; `region` gives the content of its live parts. */
export function definitionPage(
  { shown, versions, chart, start }: DefinitionPage,
  region: (id: string) => Html,
): Html {
  const { definition } = shown;
  const rail = railOf(definition, null);
  return html`${pageHead(
      `${definition.id} v${definition.version}`,
      html`${definition.steps.length} steps, ${definition.activities.length} activities, fingerprint
        <code>${definition.hash}</code>`,
    )}
    <nav class="tabs" aria-label="Versions">
      ${versions.map(
        ({ definition: { id, version }, isNewest }) =>
          html`<a
            href="${definitionPath(id, version)}"
            ${version === definition.version ? html`aria-current="page"` : ''}
            >Version ${version}${isNewest ? ', newest' : ''}</a
          >`,
      )}
    </nav>
    <section aria-labelledby="title-steps">
      <h2 id="title-steps">Steps and compensations</h2>
      <div id="definition-counts">${region('definition-counts')}</div>
      ${rail === null ? '' : railView(rail)} ${stepTable(definition)}
    </section>
    ${
      start === null
        ? ''
        : html`<section aria-labelledby="title-start">
            <h2 id="title-start">Start one</h2>
            ${start}
          </section>`
    }
    <section aria-labelledby="title-verify">
      <h2 id="title-verify">Does it compensate?</h2>
      <div id="definition-verdict" aria-live="polite">${region('definition-verdict')}</div>
    </section>
    <section aria-labelledby="title-chart">
      <h2 id="title-chart">Statechart</h2>
      <p class="exports">
        The same for other tools:
        ${EXPORTS.map(
          ([format, label]) =>
            html`<a
              href="/api/definitions/${encodeURIComponent(definition.id)}/${format}?version=${definition.version}"
              >${label}</a
            > `,
        )}
      </p>
      ${chart ?? html`<p class="quiet">The drawing could not be laid out.</p>`}
    </section>`;
}

/** How many sagas run under a version. */
export function countInWords({ count }: ShownDefinition): Html {
  const { underWay = 0, total = 0 } = count ?? {};
  return html`<p>
    <b>${underWay}</b> not ended, <b>${total}</b> in
    all${total === 0 ? ': nobody has started one yet' : ''}.
  </p>`;
}

/** What `verify` says; `null`: it is not done yet. */
export function verdict(verification: Verification | null): Html {
  if (verification === null) {
    return html`<p class="quiet">Its outcomes are being explored: this takes a moment.</p>`;
  }
  const { findings, bounds, exhaustive, notReached } = verification;
  const extent = html`${bounds.states} states and ${bounds.transitions} transitions
  explored${exhaustive ? '' : ', which is not all of them: the command line explores more'}${
    notReached.length === 0 ? '' : `; ${notReached.length} places of the drawing were not reached`
  }.`;
  const errors = findings.filter(({ severity }) => severity === 'error');
  const summary =
    errors.length > 0
      ? html`<p class="tone-bad">
          <span class="badge"><span class="icon" aria-hidden="true">✗</span> broken</span> on
          ${errors.length === 1 ? 'one path' : `${errors.length} paths`}. ${extent}
        </p>`
      : html`<p class="tone-${exhaustive ? 'good' : 'warn'}">
          <span class="badge"
            ><span class="icon" aria-hidden="true">${exhaustive ? '✓' : '?'}</span>
            ${exhaustive ? 'holds' : 'holds as far as was looked'}</span
          >: every finished step is compensated or stands, on every explored path. ${extent}
        </p>`;
  return html`${summary}
  ${
    findings.length === 0
      ? ''
      : html`<ul class="findings">
          ${findings.map((each, index) => findingView(each, wayPath(verification, index + 1)))}
        </ul>`
  }`;
}

/** The address of the picture of a finding. */
function wayPath({ saga, version }: Verification, number: number): string {
  return `/api/definitions/${encodeURIComponent(saga)}/ways/${number}?version=${version}`;
}

function findingView(
  { code, severity, customer, what, way, cure }: Finding,
  picture: string,
): Html {
  return html`<li class="note tone-${severity === 'error' ? 'bad' : 'warn'}">
    <p><strong>${severity}, ${code.replaceAll('-', ' ')}:</strong> ${customer}</p>
    <p>${what}.</p>
    <p>Cure: ${cure}.</p>
    ${
      way.length === 0
        ? ''
        : html`<details>
            <summary>The shortest way to it, ${way.length} turns</summary>
            <ol>
              ${way.map(({ event, state }) => html`<li>${event} → <code>${state}</code></li>`)}
            </ol>
            <p><a href="${picture}">The same in the statechart</a></p>
          </details>`
    }
  </li>`;
}

function stepTable(definition: SagaDefinition): Html {
  const rail = railOf(definition, null);
  const budgets = new Map(
    (rail === null ? [] : stepsOn(rail)).map((step) => [step.name, step] as const),
  );
  return table(
    'Steps in order',
    ['Step', 'Kind', 'Budget', 'Undone by', 'Its budget'],
    definition.steps.map(({ name, kind, compensation }) => {
      const step = budgets.get(name);
      return [
        name,
        kind,
        budgetInWords(definition, step?.forward),
        compensation ?? '–',
        budgetInWords(definition, step?.compensation ?? undefined),
      ];
    }),
    'It has no steps.',
  );
}

function budgetInWords({ machine }: SagaDefinition, side: RailSide | undefined): string {
  if (side === undefined) return '–';
  const timeout: unknown = machine.implementations.delays[`${side.activity}.timeout`];
  const parts = [
    ...(side.budget === null ? [] : [`${side.budget} attempts`]),
    ...(typeof timeout === 'number' ? [`${tookTime(timeout)} each`] : []),
  ];
  return parts.length === 0 ? '–' : parts.join(', ');
}
