// The outputs of the machine: when one comes or goes. Which ones they are nothing here asks or reports.

/** Calls when headphones go in or out. */
export function onDeviceChange(changed: () => void, signal: AbortSignal) {
  navigator.mediaDevices?.addEventListener('devicechange', changed, { signal });
}
