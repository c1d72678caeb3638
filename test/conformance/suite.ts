/** Tries every case over a host, and holds what it left behind against what another host leaves. */
import { expect, it } from 'vitest';
import type { Case } from './case.ts';
import type { Host } from './host.ts';
import { type Remains, Scene } from './scene.ts';

/**
 * `all`: every case over every host. Else each host runs those that are marked as short, and the
 * model runs them all where `npm test` need not wait for it.
 */
export const IS_WHOLE = process.env['BACKSTEP_CONFORMANCE'] === 'all';

/** What the model left behind, by the title of the case. */
const left = new Map<string, Remains['journals']>();

/** Whether a case is a part of `npm test`. */
export function isShort(each: Case): boolean {
  return each.isShort === true;
}

/** The cases over the host that others are held against. */
export function conformsByItself(host: Host, cases: readonly Case[]): void {
  host.describe(`${host.name}:`, () => {
    it('is tried by cases whose titles differ', () => {
      expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length);
    });

    it.each(cases)('$title', async (each) => {
      const { findings, journals } = await played(host, each);
      expect(findings).toEqual([]);
      left.set(each.title, journals);
    });
  });
}

/** The cases over a host, whose journals are to be those of the model. */
export function conforms(host: Host, cases: readonly Case[], model: Host): void {
  host.describe(`${host.name}:`, () => {
    const { capabilities, chosenLess = [] } = host;
    const isPromised = ({ about }: Case): boolean =>
      about === undefined || !chosenLess.includes(about);
    const tried = (IS_WHOLE ? cases : cases.filter(isShort)).filter(isPromised);
    const { promises } = capabilities;
    const isBeyond = ({ needs }: Case): boolean =>
      needs !== undefined && promises[needs].standing === 'none';
    const beyond = tried.filter(isBeyond);
    it.for(beyond)('refuses, and says why: $title', async (each) => {
      const how = each.needs === undefined ? '' : promises[each.needs].how;
      const message = expect.stringContaining(how) as unknown;
      const refused = { code: 'definition-invalid', message };
      await expect(played(host, each)).rejects.toMatchObject(refused);
    });

    it.for(tried.filter((each) => !isBeyond(each)))('$title', async (each) => {
      const { findings, journals } = await played(host, each);
      expect(findings).toEqual([]);
      if (each.isRacing !== true) expect(journals).toEqual(await ofModel(model, each));
    });
  });
}

async function played(host: Host, each: Case): Promise<Remains> {
  const scene = new Scene(await host.place());
  await each.run(scene);
  return scene.end();
}

async function ofModel(model: Host, each: Case): Promise<Remains['journals']> {
  const known = left.get(each.title) ?? (await played(model, each)).journals;
  left.set(each.title, known);
  return known;
}
