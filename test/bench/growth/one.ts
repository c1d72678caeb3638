import { ROWS } from './rows.ts';
const row = ROWS.find((r) => r.name.includes(process.argv[2]!))!;
for (let i = 0; i < Number(process.argv[4]); i++) console.log(await row.measure(Number(process.argv[3])));
