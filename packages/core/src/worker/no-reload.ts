import { OpenRtcError } from '../base/errors.js';

/** The error of a reload where code cannot be reloaded. */
export function noReload(): OpenRtcError {
  return new OpenRtcError(
    'POOL_STATE',
    'the agents of this pool cannot be reloaded: run it with `openrtc dev`, or with `openrtc start --reloadable`, and install @openrtc/hot-reload',
  );
}

/** The error of a reload before the worker runs. */
export function notRunning(): OpenRtcError {
  return new OpenRtcError(
    'POOL_STATE',
    'the agents cannot be reloaded before the worker runs: it loads them as they are now. Try again when it has registered with LiveKit',
  );
}
