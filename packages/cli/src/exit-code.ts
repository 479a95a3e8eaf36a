/** How the process ends, see docs/cli-design.md. */
export const exitCode = {
  done: 0,
  /** It ran, and failed. */
  failed: 1,
  /** Nothing was started: the command line, the environment, the agents. */
  usage: 2,
  /** A bug. The number is that of sysexits.h for software errors. */
  bug: 70,
} as const;

// Found out before the first call: a supervisor that starts it again changes nothing.
const NEVER_STARTED = /^(?:CONFIG_|PREWARM_FAILED$|LINK_UNAUTHORIZED$)/;

/** The exit code for an error with this code of OpenRTC. */
export function exitCodeOf(errorCode: string): number {
  if (NEVER_STARTED.test(errorCode)) return exitCode.usage;
  return errorCode === 'INTERNAL' ? exitCode.bug : exitCode.failed;
}
