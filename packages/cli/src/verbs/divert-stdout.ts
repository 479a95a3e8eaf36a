/**
 * Sends what is written to stdout to stderr instead, until the returned function is called: for verbs whose output
 * is read by programs, while code of others runs.
 */
export function divertStdout(): () => void {
  const write: unknown = Reflect.get(process.stdout, 'write');
  Reflect.set(process.stdout, 'write', process.stderr.write.bind(process.stderr));
  return () => void Reflect.set(process.stdout, 'write', write);
}
