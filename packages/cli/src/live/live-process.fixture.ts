// `top` in a process whose pipes it takes for a terminal: whoever reads them shows what is written.
import { processHost } from '../host.js';
import { run } from '../verbs/top.js';

Object.assign(process.stdout, { isTTY: true, columns: 100, rows: 10 });
Object.assign(process.stdin, { isTTY: true, setRawMode: () => {} });

const ended = run({ flags: { refresh: 50 }, host: processHost });
if (process.argv[2] === 'throws') throw new Error('nobody foresaw it');
process.exit(await ended);
