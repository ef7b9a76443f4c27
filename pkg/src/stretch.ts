// Keeps the pitch where the rate is another one: Signalsmith Stretch (MIT), as a node of its own in the audio
// thread. A script that is loaded when a rate is first set; the library is a file beside it, which the page
// and its worklet read alike.

import SignalsmithStretch from './stretch_worklet.js';

export type Shifter = AudioWorkletNode & { schedule(change: { active: boolean; semitones: number }): void };

/** A node that shifts the pitch of what goes through it. */
export function shifter(context: AudioContext): Promise<Shifter> {
  // The library is its own worklet module: from the page's own origin, where a policy would not let it be
  // made of a string.
  SignalsmithStretch.moduleUrl = new URL('./stretch_worklet.js', import.meta.url).href;
  return SignalsmithStretch(context);
}
