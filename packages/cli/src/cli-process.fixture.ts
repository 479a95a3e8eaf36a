import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Absolute path of the built command. */
export const bin = fileURLToPath(new URL('../bin/openrtc.js', import.meta.url));

/** Absolute path of something in the folder of fixtures. */
export function fixture(path: string): string {
  return fileURLToPath(new URL(`./fixtures/${path}`, import.meta.url));
}

/** How a process of the command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How {@link startCli} starts it. */
export interface CliOptions {
  /** What runs in place of the command: a user's own entry. */
  readonly entry?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What is on its stdin, which then ends; null: nothing, and it stays open. */
  readonly input?: string | null;
}

/** The command as a process. */
export interface CliProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when its output matches; rejects when it ends before. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>;
}

/** Starts the built command; nothing of this environment tells it where LiveKit is. */
export function startCli(args: readonly string[], options: CliOptions = {}): CliProcess {
  const { entry = bin, env = {}, input = '' } = options;
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...cleanEnvironment(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // One that ends at once does not read it.
  child.stdin.on('error', () => {});
  if (input !== null) child.stdin.end(input);
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    stdout,
    stderr,
  }));
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (found !== null) resolve(found);
      };
      look();
      // After the listeners that keep what it says.
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      void ended.then(() =>
        reject(new Error(`it ended without saying ${String(pattern)}:\n${stdout}${stderr}`)),
      );
    });
  return { child, ended, says };
}

/** Runs it to its end. */
export function runCli(args: readonly string[], options?: CliOptions): Promise<Ended> {
  return startCli(args, options).ended;
}

// Nor that this is a test.
const OURS = /^(?:LIVEKIT_|OPENRTC_|VITEST|NODE_ENV$)/;

function cleanEnvironment(): NodeJS.ProcessEnv {
  const theirs = Object.entries(process.env).filter(([name]) => !OURS.test(name));
  // Workers of several tests run at a time.
  return { ...Object.fromEntries(theirs), OPENRTC_PORT: '0' };
}
