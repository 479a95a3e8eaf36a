import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A run of the demo that has ended. */
export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the built demo, as `npm start` does. */
export function runDemo(...args: string[]): Promise<Run> {
  const entry = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [entry, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}
