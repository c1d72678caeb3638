/**
 * What came of each scenario's newest try: read from saga, journal and books while it runs, kept
 * once nothing can change it any more.
 *
 * Invariant: a try is judged by what is stored, so after a restart the verdict is the same.
 */
import { isSettled } from '../../core/status.ts';
import type { SagaState } from '../../core/state.ts';
import { definitionOf } from '../../server/saga-lookup.ts';
import type { DemoContext } from '../demo-context.ts';
import type { Evidence } from './lab-checks.ts';
import { SCENARIOS, type Scenario } from './lab-scenarios.ts';
import { ORDER_SAGA } from '../order/order-demo.ts';
import type { LabRun, OrderLab } from './order-lab.ts';
import { orderStatusView } from '../order/order-status.ts';

/** What follows a settled saga (mails, the sweep) may take this long before a check has failed. */
const GRACE_MS = 6_000;
/** Verdicts that are kept. */
const MAX_KEPT = 100;
const JOURNAL_LINES = 200;
const DEAD_LETTERS = 200;

/** One expectation and what became of it. */
export interface Finding {
  readonly expected: string;
  /** `null`: not looked at yet. */
  readonly found: string | null;
  /** `null`: it cannot be told yet. */
  readonly holds: boolean | null;
}

export interface Verdict {
  readonly scenario: Scenario;
  /** `null`: never tried. */
  readonly run: LabRun | null;
  /** `null`: the order's saga has not started. */
  readonly state: SagaState | null;
  readonly findings: readonly Finding[];
  /** `over`: nothing of it changes any more. */
  readonly phase: 'untried' | 'running' | 'over';
}

/** Judges the newest try of every scenario. */
export class LabVerdicts {
  readonly #backstep: DemoContext['backstep'];
  readonly #lab: OrderLab;
  readonly #nowMs: () => number;
  readonly #over = new Map<string, Verdict>();

  constructor({ backstep, nowMs }: Pick<DemoContext, 'backstep' | 'nowMs'>, lab: OrderLab) {
    this.#backstep = backstep;
    this.#lab = lab;
    this.#nowMs = nowMs;
  }

  /** In the order of the scenarios. */
  async all(): Promise<readonly Verdict[]> {
    const runs = new Map((await this.#lab.latestRuns()).map((run) => [run.scenario, run]));
    return Promise.all(
      SCENARIOS.map((scenario) => this.#judge(scenario, runs.get(scenario.id) ?? null)),
    );
  }

  async #judge(scenario: Scenario, run: LabRun | null): Promise<Verdict> {
    const kept = run === null ? undefined : this.#over.get(run.orderId);
    if (kept !== undefined) return kept;
    const evidence = run === null ? null : await this.#evidence(run);
    if (run === null || evidence === null) {
      const findings = scenario.checks.map(({ expected }) => ({
        expected,
        found: null,
        holds: null,
      }));
      const phase = run === null ? 'untried' : 'running';
      return { scenario, run, state: null, findings, phase };
    }
    return this.#verdict(scenario, run, evidence);
  }

  #verdict(scenario: Scenario, run: LabRun, evidence: Evidence): Verdict {
    const { state, journal } = evidence;
    const settled = isSettled(state.status);
    const isLate = this.#nowMs() - (journal.at(-1)?.atMs ?? run.startedAtMs) > GRACE_MS;
    const findings = scenario.checks.map((check): Finding => {
      const { found, holds } = check.find(evidence);
      const { expected } = check;
      // A saga under way may still come to what is expected, so nothing has failed yet.
      if (!settled || (holds === false && !isLate)) return { expected, found, holds: null };
      return { expected, found, holds };
    });
    const isOver = settled && (isLate || findings.every(({ holds }) => holds !== null));
    const phase = isOver ? 'over' : 'running';
    const verdict: Verdict = { scenario, run, state, findings, phase };
    if (isOver) this.#keep(run.orderId, verdict);
    return verdict;
  }

  #keep(orderId: string, verdict: Verdict): void {
    this.#over.set(orderId, verdict);
    const [oldest] = this.#over.keys();
    if (this.#over.size > MAX_KEPT && oldest !== undefined) this.#over.delete(oldest);
  }

  async #evidence({ orderId, note }: LabRun): Promise<Evidence | null> {
    const sagaId = await this.#backstep.read.idOfKey(ORDER_SAGA, orderId);
    if (sagaId === null) return null;
    const state = await this.#backstep.saga(sagaId).state();
    if (state === null) return null;
    const { read } = this.#backstep;
    const [journal, books, letters] = await Promise.all([
      read.transitions(sagaId, { limit: JOURNAL_LINES, cursor: null }),
      this.#lab.books(orderId, sagaId),
      read.deadLetters({ limit: DEAD_LETTERS, cursor: null }),
    ]);
    return {
      state,
      journal: journal.items,
      books,
      answer: orderStatusView(ORDER_SAGA, state, definitionOf(this.#backstep, ORDER_SAGA)),
      hasDeadLetter: letters.items.some((letter) => letter.sagaId === sagaId),
      note,
    };
  }
}
