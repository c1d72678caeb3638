/**
 * The login page: stands alone, because nothing else may be shown before the token came.
 */
import { html } from 'hono/html';
import type { Html } from '../dashboard/frame/html.ts';

export interface LoginForm {
  /** Where it leads. */
  readonly next: string;
  /** What was typed as a name, to be typed only once. */
  readonly name?: string;
  /** What was wrong with the last try. */
  readonly problem?: string;
}

/** The whole page. */
export function loginPage({ next, name = '', problem }: LoginForm): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Log in – Backstep</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/login/backstep.css" />
      </head>
      <body>
        <main id="main" class="alone">
          <p class="brand"><span aria-hidden="true">↶</span> Backstep</p>
          <section aria-labelledby="title">
            <h1 id="title">Log in</h1>
            ${
              problem === undefined
                ? ''
                : html`<p class="note tone-bad" role="alert">
                    <span class="icon" aria-hidden="true">✗</span> ${problem}
                  </p>`
            }
            <form method="post" action="/login">
              <input type="hidden" name="next" value="${next}" />
              <label>
                Token
                <input
                  type="password"
                  name="token"
                  required
                  autofocus
                  autocomplete="current-password"
                />
              </label>
              <p class="quiet">
                The server has it in <code>BACKSTEP_TOKEN</code>, or in the file that
                <code>BACKSTEP_TOKEN_FILE</code> names.
              </p>
              <label>
                Your name, for the audit (may be left out)
                <input
                  type="text"
                  name="name"
                  value="${name}"
                  maxlength="60"
                  autocomplete="nickname"
                />
              </label>
              <button class="primary" type="submit">Log in</button>
            </form>
          </section>
        </main>
      </body>
    </html>`;
}
