// The outputs of the machine: when one comes or goes. Which ones they are nothing here asks or reports.

/**
 * Calls when headphones go in or out.
 * @param {() => void} changed
 * @param {AbortSignal} signal
 */
export function onDeviceChange(changed, signal) {
  navigator.mediaDevices?.addEventListener('devicechange', changed, { signal });
}
