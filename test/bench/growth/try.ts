import { ROWS } from './rows.ts';
for (const row of ROWS) {
  if (process.argv[2] && !row.name.includes(process.argv[2])) continue;
  const t = performance.now();
  const got: number[] = [];
  for (const size of row.sizes) got.push(await row.measure(size));
  console.log(row.name, got.map((x) => Math.round(x)).join(' / '), 'ratio', (got.at(-1)! / got[0]!).toFixed(2), 'goal', row.goal, ((performance.now() - t) / 1000).toFixed(1) + 's');
}
