/**
 * Answers to forms: a piece of the page for the script, a redirect or a whole page without it.
 */
import type { Context, ErrorHandler } from 'hono';
import { html } from 'hono/html';
import { problemOf } from '../../error-response.ts';
import type { HttpEnv, HttpLogger } from '../../http-env.ts';
import type { Html } from './html.ts';
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

/** A form that was refused: what is said in its place, and on a page of its own. */
export interface RefusedContent {
  readonly inPlace: Html;
  readonly whole: Html;
}

/** Why a form was refused, and how that is told. */
export class RefusedForm extends Error {
  override readonly name = 'RefusedForm';
  readonly content: RefusedContent;

  constructor(cause: Error, content: RefusedContent) {
    super(cause.message, { cause });
    this.content = content;
  }
}

/** A refusal that leads back to where the form is, with what was chosen there. */
export function refusedAt(cause: Error, back: string): RefusedForm {
  const inPlace = refusal(problemOf(cause).body);
  const whole = html`${inPlace}
    <p><a class="button" href="${back}">Back</a></p>`;
  return new RefusedForm(cause, { inPlace, whole });
}

/** Says in the page, or on one of its own, why a form was refused. */
export function formRefusals(frame: PageFrame, logger: HttpLogger): ErrorHandler<HttpEnv> {
  return (thrown, c) => {
    const error = thrown instanceof RefusedForm ? thrown.cause : thrown;
    const problem = problemOf(error);
    if (problem.isOurFault) {
      logger.error({ err: error, path: c.req.path }, 'an action of a page failed');
    }
    const piece = refusal(problem.body);
    const { inPlace, whole } =
      thrown instanceof RefusedForm ? thrown.content : { inPlace: piece, whole: piece };
    const answer = isFromScript(c) ? inPlace : frame.message('Not done', whole);
    return c.html(answer, problem.body.status, problem.headers);
  };
}
