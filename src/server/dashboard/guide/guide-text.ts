/**
 * Turns a chapter of the guide from Markdown into HTML that stands in a page.
 *
 * Invariant: nothing of the text becomes a tag, an attribute or an address that the Markdown did
 * not ask for: HTML in it is shown as text, and a link leads to a chapter or to the web.
 */
import { Marked, type Tokens } from 'marked';

/** A chapter as it is shown. */
export interface Chapter {
  /** Its place below `/guide`; empty for the first page. */
  readonly name: string;
  readonly title: string;
  /** HTML that may stand in a page as it is. */
  readonly html: string;
}

/** Where the guide is. */
export const GUIDE = '/guide';

/** The file of the first page. */
const INDEX = 'README.md';

/** Reads the text of one file of the guide. Throws when it has no title. */
export function chapterOf(file: string, markdown: string): Chapter {
  const title = /^# (.+)$/m.exec(markdown)?.[1];
  if (title === undefined) throw new Error(`${file} has no title`);
  const text = createMarked().parse(markdown, { async: false });
  // No tag but of our own is in it, so these are tables.
  const scrolling = text
    .replaceAll(
      '<table>',
      '<div class="scroll" role="region" aria-label="Table" tabindex="0"><table>',
    )
    .replaceAll('</table>', '</table></div>');
  return { name: nameOf(file), title, html: scrolling };
}

function nameOf(file: string): string {
  return file === INDEX ? '' : file.replace(/\.md$/, '');
}

// One for each text: it counts headings of the same words.
function createMarked(): Marked {
  const ids = new Set<string>();
  return new Marked({
    renderer: {
      html({ text }: Tokens.HTML | Tokens.Tag): string {
        return escaped(text);
      },
      heading({ tokens, depth, text }: Tokens.Heading): string {
        const id = idOf(text, ids);
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link): string {
        const text = this.parser.parseInline(tokens);
        const address = addressOf(href);
        return address === null ? text : `<a href="${escaped(address)}">${text}</a>`;
      },
      image({ text }: Tokens.Image): string {
        return escaped(text);
      },
      // Long lines scroll, also by the keyboard.
      code({ text, lang }: Tokens.Code): string {
        const label = lang === 'ts' ? 'Program' : 'Listing';
        return (
          `<pre class="listing" role="region" aria-label="${label}" tabindex="0">` +
          `<code>${escaped(text)}</code></pre>\n`
        );
      },
    },
  });
}

/** Where a link of the text leads from a page; `null`: nowhere. */
function addressOf(href: string): string | null {
  if (href.startsWith('#') || /^https?:\/\//.test(href)) return href;
  const [, file, place = ''] = /^([\w-]+\.md)(#[\w-]*)?$/.exec(href) ?? [];
  if (file === undefined) return null;
  const name = nameOf(file);
  return `${name === '' ? GUIDE : `${GUIDE}/${name}`}${place}`;
}

/** As the pages of repositories name headings, so that links work in both. */
function idOf(text: string, taken: Set<string>): string {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
  let id = plain;
  for (let count = 1; taken.has(id); count++) id = `${plain}-${count}`;
  taken.add(id);
  return id;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
