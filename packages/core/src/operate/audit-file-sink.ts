import { isRecord } from '../base/kind-of.js';
import { AppendedFile } from './appended-file.js';
import type { AuditFileSink } from './audit-options.js';
import type { FileKind } from './own-file.js';
import type { Delivery } from './sink-queue.js';

const MIB = 1_048_576;

/** Files of events of the audit. */
const auditFile: FileKind = {
  code: 'CONFIG_AUDIT_FILE',
  content: 'an audit of OpenRTC',
  isOwn: isAuditLine,
};

/**
 * Appends events to a file. What a full disk does not take is tried again until there is room.
 * @throws OpenRtcError `CONFIG_AUDIT_FILE` if the path cannot be written to, or has other content
 */
export async function openAuditFile(
  { file: path, maxFileMb = 64, keepFiles: keep = 10, fsync: sync = false }: AuditFileSink,
  name: string,
  onFailure: (error: unknown) => void,
): Promise<Delivery> {
  const file = await AppendedFile.open({
    path,
    kind: auditFile,
    maxBytes: maxFileMb * MIB,
    keep,
    sync,
    onFailure,
  });
  return {
    name,
    most: 100,
    retries: Number.POSITIVE_INFINITY,
    async send(events) {
      const { written, error } = await file.append(events.map(({ line }) => line));
      if (error === undefined) return { done: written };
      return { done: written, failed: { error, again: true } };
    },
    close: () => file.close(),
  };
}

/** Whether a line is an event of the audit. Names of events may be new: another version may have written it. */
function isAuditLine(line: string): boolean {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return false;
  }
  if (!isRecord(value)) return false;
  const { schemaVersion, seq, event, worker, details } = value;
  return (
    schemaVersion === 1 &&
    Number.isSafeInteger(seq) &&
    typeof event === 'string' &&
    typeof worker === 'string' &&
    isRecord(details)
  );
}
