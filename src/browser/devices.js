// The output that the listener hears by: when it becomes another one. Which one it is nobody is told.

/**
 * Calls when headphones go in or out, or another output is chosen.
 * @param {AudioContext} context
 * @param {() => void} changed
 * @param {AbortSignal} signal
 */
export function onDeviceChange(context, changed, signal) {
  context.addEventListener('sinkchange', changed, { signal });
  navigator.mediaDevices?.addEventListener('devicechange', changed, { signal });
}
