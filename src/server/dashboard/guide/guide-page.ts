/**
 * `/guide` and `/guide/{chapter}`: the user's guide that the package brings, as pages.
 *
 * The files are read at the first look and kept.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { html, raw } from 'hono/html';
import { publicFile } from '../../assets.ts';
import { HttpProblem } from '../../error-response.ts';
import type { Page, PageView } from '../../page.ts';
import type { Html } from '../frame/html.ts';
import { type Chapter, chapterOf, GUIDE } from './guide-text.ts';

const FOLDER = 'guide';

/** The first page, with the list of chapters, and the page of a chapter. */
export function createGuidePages(): readonly Page[] {
  let kept: readonly Chapter[] | null = null;
  const viewOf = (name: string): PageView => {
    const chapters = (kept ??= readGuide());
    const chapter = chapters.find((each) => each.name === name);
    if (chapter === undefined) {
      throw new HttpProblem('route-unknown', 'The guide has no chapter of that name.');
    }
    const isIndex = name === '';
    return {
      title: isIndex ? 'Guide' : `${chapter.title} – Guide`,
      isLive: false,
      content: () => guideView(chapter, chapters),
    };
  };
  return [
    { path: GUIDE, nav: 'Guide', groups: () => [], look: () => viewOf('') },
    {
      path: `${GUIDE}/:chapter`,
      under: GUIDE,
      groups: () => [],
      look: (query) => viewOf(query.get('chapter') ?? ''),
    },
  ];
}

function readGuide(): readonly Chapter[] {
  const folder = publicFile(FOLDER);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .toSorted()
    .map((file) => chapterOf(file, readFileSync(publicFile(`${FOLDER}/${file}`), 'utf8')));
}

function guideView(shown: Chapter, chapters: readonly Chapter[]): Html {
  return html`<div class="guide">
    <nav aria-label="Chapters">
      <ul>
        ${chapters
          .filter(({ name }) => name !== '')
          .map(
            ({ name, title }) =>
              html`<li>
                <a href="${GUIDE}/${name}" ${name === shown.name ? html`aria-current="page"` : ''}
                  >${title}</a
                >
              </li>`,
          )}
      </ul>
    </nav>
    <article class="prose">${raw(shown.html)}</article>
  </div>`;
}
