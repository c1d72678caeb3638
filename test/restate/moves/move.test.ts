/** Who may move sagas to Restate and from it, and what is refused before anything moves. */
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { Backstep } from '../../../src/host/backstep.ts';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { familiesIn } from '../../../src/host/moves/import-sagas.ts';
import { checkedFile } from '../../../src/host/moves/move-file.ts';
import { arrivingSaga } from '../../../src/restate/face/moves/arriving-saga.ts';
import { throughDoor } from '../../../src/restate/face/moves/door.ts';
import { COME } from '../../../src/restate/moves/move-words.ts';
import { importToRestate } from '../../../src/restate/face/moves/moving.ts';
import { connect, temporaryDatabase } from '../../store/store-fixture.ts';
import { typed } from '../../cli/typed-commands.ts';
import { describeOnRestate } from '../rig.ts';
import { bring, embedded, standOf } from './stand.ts';
import { stageSaga, stageWaits, Trips } from './trips.ts';

describeOnRestate('sagas that are moved', () => {
  it('come to Restate once, checked whole first, and by nobody who has no ticket', async () => {
    const source = temporaryDatabase();
    const beside = (name: string): string => join(dirname(source), name);
    const trips = new Trips();
    const old = await embedded(source, trips);
    const [taken = '', damaged = '', later = '', id = ''] = await started(old, 'abcd');
    await old.stop({ within: 0 });
    // As what nobody has acknowledged is left by a process that was killed.
    const db = connect(source);
    const seq = Number(db.prepare('SELECT max(seq) FROM journal').pluck().get());
    db.prepare(
      `INSERT INTO outbox (id, sid, saga_seq, position, event, data)
       SELECT ?, sid, seq, 0, 'stage.told', '{"type":"stage.told"}' FROM sagas WHERE id = ?`,
    ).run(seq * 1024, id);
    const file = beside('sagas.jsonl');
    await exportSagas({ database: source, sagas: { ids: [id] }, to: file, place: 'Restate' });
    db.exec(`UPDATE sagas SET checksum = 1 WHERE id = '${damaged}'`);
    db.exec(`UPDATE sagas SET version = 9 WHERE id = '${later}'`);
    db.close();
    const refused = beside('refused.jsonl');
    const others = { ids: [taken, damaged, later] };
    await exportSagas({ database: source, sagas: others, to: refused, place: 'nowhere' });

    const { face, at } = await standOf((each) => trips.register(each));
    const here = await face.spawn(stageSaga, { input: { of: 'a' }, key: 'a' });
    const why = await bring({ at }, refused).catch(({ message }: Error) => message);
    for (const [each, said] of [
      [taken, `its start key "a" of type "stage" started saga ${here.id} here`],
      [damaged, 'its state does not match its checksum; mend it or end it where it is'],
      [later, 'version 9 is not registered'],
    ] as const) {
      expect(why).toMatch(new RegExp(`nothing was imported: .*saga ${each}.*${said}`));
    }

    const asked = (path: string, words: object) =>
      fetch(`${at.ingress}/restate/call/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(words),
      });
    const pass = { saga: here.id, handler: 'whole', words: {}, ticket: 'guessed' };
    const answer: unknown = await (await asked('backstep-move/m/pass', pass)).json();
    expect(answer).toMatchObject({ refused: { code: 'unavailable' } });
    expect((await asked(`backstep-saga/${id}/arrive`, {})).ok).toBe(false);

    const trial = await importToRestate({ ...at, from: file, dryRun: true });
    expect(trial).toMatchObject({ imported: 1, alreadyHere: 0 });
    // As an import leaves it that was killed before the family had come.
    const header = await checkedFile(file);
    for await (const [whole] of familiesIn(file)) {
      if (whole === undefined) continue;
      const { words } = arrivingSaga(whole, header);
      const come = { ...words, isTrial: false };
      await throughDoor(at, header.move, (door) => door.ask(id, 'arrive', come, COME));
    }
    const early = face.saga(id).send({ type: 'labelled' });
    await expect(early).rejects.toThrow(
      `${id} takes nothing now: it is on its way to this Restate`,
    );
    const ordered = ['import', file, '--restate', at.ingress, '--admin', at.admin];
    expect(await typed(ordered)).toMatchObject({ code: 0 });
    const again = await face.spawn(stageSaga, { input: { of: 'd' }, key: 'd' });
    expect(again).toMatchObject({ id, isNew: false });
    await face.saga(id).send({ type: 'labelled' });
    expect(await face.saga(id).settled({ within: '20s' })).toMatchObject({ status: 'completed' });
    await expect.poll(() => trips.heard).toEqual([`${id}/stage.told/${seq * 1024}`]);
    expect(new Set(trips.calls.values())).toEqual(new Set([1]));
  });
});

/** Stages that wait, one by each letter. */
async function started(old: Backstep, letters: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const of of letters) {
    const { id } = await old.spawn(stageSaga, { input: { of }, key: of });
    await stageWaits(old, id);
    ids.push(id);
  }
  return ids;
}
