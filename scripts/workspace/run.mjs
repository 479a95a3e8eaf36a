// Runs one child at a time, in this process group, and passes signals on to it.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'];
// One Ctrl-C arrives once from the terminal and once more through npm.
const SAME_SIGNAL_MS = 1_000;

let child;
let passesOn;
let stoppedBy;
const lastAt = new Map();

for (const signal of SIGNALS) process.on(signal, () => passOn(signal));

function passOn(signal) {
  stoppedBy = signal;
  const repeated = Date.now() - (lastAt.get(signal) ?? 0) < SAME_SIGNAL_MS;
  lastAt.set(signal, Date.now());
  // A terminal has sent Ctrl-C to the whole process group: the child has it already.
  if (repeated || (signal === 'SIGINT' && process.stdin.isTTY)) return;
  // Turbo takes SIGINT for a terminal's, and lets its tasks go on.
  child?.kill(passesOn ? signal : 'SIGTERM');
}

/**
 * Runs a command with our streams; resolves with its exit code, 128 + n for signal n.
 * Ends this process when a signal stopped the child, unless `last`: then its exit code is all that
 * counts.
 */
export async function run(command, args, { env = process.env, last = false } = {}) {
  if (stoppedBy !== undefined) process.exit(128 + constants.signals[stoppedBy]);
  const code = await new Promise((resolve) => {
    // npm's and pnpm's commands are .cmd files on Windows, which only a shell runs.
    const shell = process.platform === 'win32' && command !== process.execPath;
    passesOn = last;
    child = spawn(command, args, { env, stdio: 'inherit', shell });
    child.once('error', (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (status, signal) => resolve(status ?? 128 + constants.signals[signal]));
  });
  child = undefined;
  if (stoppedBy !== undefined && !last) process.exit(128 + constants.signals[stoppedBy]);
  return code;
}
