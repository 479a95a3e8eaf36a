// Searches for a livekit-server or builds one, in a process that can be stopped with everything it has started.
import { findLiveKitServer } from '@openrtc/test-rig';

import type { FromSearch } from './search.js';

const send = (message: FromSearch): void => void process.send?.(message);

// The signal ends the compiler, which is a child of this process. The build then cleans up and reports the reason.
process.on('SIGINT', () => undefined);
process.once('disconnect', () => process.exit(0));

const found = await findLiveKitServer({ onProgress: (line) => send({ type: 'progress', line }) });
send({ type: 'found', found });
process.disconnect();
