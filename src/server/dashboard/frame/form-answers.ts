/**
 * Answers to forms: a piece of the page for the script, a redirect or a whole page without it.
 */
import type { Context, ErrorHandler } from 'hono';
import { html } from 'hono/html';
import { problemOf } from '../../error-response.ts';
import type { HttpEnv, HttpLogger } from '../../http-env.ts';
import type { PageFrame } from './page-frame.ts';
import { refusal } from './refusal.ts';

/** True when the page's script sent the form and puts the answer into the page. */
export function isFromScript(c: Context): boolean {
  return c.req.header('hx-request') === 'true';
}

/** The address of the page that the script runs in; `null`: it did not say. */
export function shownPage(c: Context): string | null {
  return c.req.header('hx-current-url') ?? null;
}

/** Why a form was refused, and where it is, with what was chosen there. */
export class RefusedForm extends Error {
  override readonly name = 'RefusedForm';
  readonly back: string;

  constructor(cause: Error, back: string) {
    super(cause.message, { cause });
    this.back = back;
  }
}

/** Says in the page, or on one of its own, why a form was refused. */
export function formRefusals(frame: PageFrame, logger: HttpLogger): ErrorHandler<HttpEnv> {
  return (thrown, c) => {
    const back = thrown instanceof RefusedForm ? thrown.back : null;
    const error = thrown instanceof RefusedForm ? thrown.cause : thrown;
    const problem = problemOf(error);
    if (problem.isOurFault) {
      logger.error({ err: error, path: c.req.path }, 'an action of a page failed');
    }
    const piece = refusal(problem.body);
    const way = back === null ? '' : html`<p><a class="button" href="${back}">Back</a></p>`;
    const answer = isFromScript(c) ? piece : frame.message('Not done', html`${piece} ${way}`);
    return c.html(answer, problem.body.status, problem.headers);
  };
}
