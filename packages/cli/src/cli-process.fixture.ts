import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Absolute path of the built command. */
export const bin = fileURLToPath(new URL('../bin/openrtc.js', import.meta.url));

/** Absolute path of a fixture. */
export function fixture(path: string): string {
  return fileURLToPath(new URL(`./fixtures/${path}`, import.meta.url));
}

/** The end of a process of the command. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of {@link startCli}. */
export interface CliOptions {
  /** A user's own entry that runs instead of the command. */
  readonly entry?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Its current directory. Default: that of this process. */
  readonly cwd?: string;
  /** Its stdin, which then ends; null: stdin stays open without input. */
  readonly input?: string | null;
}

/** A running process of the command. */
export interface CliProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Everything it has printed so far. */
  readonly output: () => string;
  /** Resolves when its output matches; rejects when it ends without a match. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>;
}

/** Starts the built command, without the LiveKit variables of this environment. */
export function startCli(args: readonly string[], options: CliOptions = {}): CliProcess {
  const { entry = bin, env = {}, input = '', cwd } = options;
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...cleanEnvironment(), ...env },
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A process that ends at once does not read it.
  child.stdin.on('error', () => {});
  if (input !== null) child.stdin.end(input);
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    stdout,
    stderr,
  }));
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const check = () => {
        const found = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (found === null) return;
        child.stdout.off('data', check);
        child.stderr.off('data', check);
        resolve(found);
      };
      // Registered after the listeners that collect the output.
      child.stdout.on('data', check);
      child.stderr.on('data', check);
      check();
      void ended.then(() =>
        reject(new Error(`it ended without printing ${String(pattern)}:\n${stdout}${stderr}`)),
      );
    });
  return { child, ended, output: () => stdout + stderr, says };
}

/** Runs the command; resolves when it has ended. */
export function runCli(args: readonly string[], options?: CliOptions): Promise<Ended> {
  return startCli(args, options).ended;
}

// The variables that configure OpenRTC, or show that this is a test.
const NOT_PASSED_ON = /^(?:LIVEKIT_|OPENRTC_|VITEST|NODE_ENV$)/;

function cleanEnvironment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !NOT_PASSED_ON.test(name));
  // Several tests run workers at the same time.
  return { ...Object.fromEntries(others), OPENRTC_PORT: '0' };
}
