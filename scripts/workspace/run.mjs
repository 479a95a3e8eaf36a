// Runs children in this process group, and passes signals on to them.
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'];
// One Ctrl-C arrives once from the terminal and once more through npm.
const SAME_SIGNAL_MS = 1_000;
// Yields the processor to everything that has the usual priority.
const LOW_PRIORITY = constants.priority.PRIORITY_LOW;

/** Every running child, and whether it gets signals as they are. */
const children = new Map();
let stoppedBy;
const lastAt = new Map();

for (const signal of SIGNALS) process.on(signal, () => passOn(signal));

function passOn(signal) {
  stoppedBy = signal;
  const repeated = Date.now() - (lastAt.get(signal) ?? 0) < SAME_SIGNAL_MS;
  lastAt.set(signal, Date.now());
  // A terminal has sent Ctrl-C to the whole process group: the children have it already.
  if (repeated || (signal === 'SIGINT' && process.stdin.isTTY)) return;
  // Turbo takes SIGINT for a terminal's, and lets its tasks go on.
  for (const [child, passesOn] of children) child.kill(passesOn ? signal : 'SIGTERM');
}

/**
 * Runs a command; resolves with its exit code, 128 + n for signal n.
 * Ends this process when a signal stopped the child, unless `last`: then its exit code is all that
 * counts.
 * @param options.write - called with what the child prints; default: it has our streams
 * @param options.low - whether the child yields the processor to others
 */
export async function run(
  command,
  args,
  { env = process.env, last = false, write, low = false } = {},
) {
  if (stoppedBy !== undefined) return stopped();
  const code = await new Promise((resolve) => {
    // npm's and pnpm's commands are .cmd files on Windows, which only a shell runs.
    const shell = process.platform === 'win32' && command !== process.execPath;
    const stdio = write === undefined ? 'inherit' : ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { env, stdio, shell });
    children.set(child, last);
    if (low && child.pid !== undefined) setPriority(child.pid, LOW_PRIORITY);
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => write(text));
    child.once('error', (error) => {
      children.delete(child);
      console.error(`${command} could not be started: ${error.message}`);
      resolve(127);
    });
    // With 'exit' alone, output of the child may still be on its way.
    child.once(write === undefined ? 'exit' : 'close', (status, signal) => {
      children.delete(child);
      resolve(status ?? 128 + constants.signals[signal]);
    });
  });
  return stoppedBy === undefined || last ? code : stopped();
}

/** After a signal nothing is started any more, and this process ends with its last child. */
function stopped() {
  const code = 128 + constants.signals[stoppedBy];
  if (children.size === 0) process.exit(code);
  return code;
}
