// The search for a livekit-server, which may build one, in a process that can be stopped with all it has started.
import { findLiveKitServer } from '@openrtc/test-rig';

import type { FromSearch } from './search.js';

const tell = (message: FromSearch): void => void process.send?.(message);

// A signal is for the compiler below: its end cleans up and comes back as the reason why nothing was found.
process.on('SIGINT', () => undefined);
process.once('disconnect', () => process.exit(0));

const found = await findLiveKitServer({ onProgress: (line) => tell({ type: 'progress', line }) });
tell({ type: 'found', found });
process.disconnect();
