/**
 * Answers to forms: a piece of the page for the script, a redirect or a whole page without it.
 */
import type { Context, ErrorHandler } from 'hono';
import { html } from 'hono/html';
import type { HttpContext, HttpEnv } from '../../context.ts';
import { problemOf } from '../../error-response.ts';
import { messagePage } from './page-frame.ts';
import { refusal } from '../../../demo/order/order-form.ts';

/** True when the page's script sent the form and puts the answer into the page. */
export function isFromScript(c: Context): boolean {
  return c.req.header('hx-request') === 'true';
}

/** The address of the page that the script runs in; `null`: it did not say. */
export function shownPage(c: Context): string | null {
  return c.req.header('hx-current-url') ?? null;
}

/**
 * Says in the page, or on one of its own, why a form was refused. `back`: where the form is, with
 * what was chosen there; default: not said.
 */
export function formRefusals(context: HttpContext, back?: string): ErrorHandler<HttpEnv> {
  return (error, c) => {
    const problem = problemOf(error);
    if (problem.isOurFault) {
      context.logger.error({ err: error, path: c.req.path }, 'an action of a page failed');
    }
    const piece = refusal(problem.body);
    const way = back === undefined ? '' : html`<p><a class="button" href="${back}">Back</a></p>`;
    const answer = isFromScript(c)
      ? piece
      : messagePage(context, 'Not done', html`${piece} ${way}`);
    return c.html(answer, problem.body.status, problem.headers);
  };
}
