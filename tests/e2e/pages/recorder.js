// A worklet that hears: the frame of the first sample above a threshold, and every run of zeros, downstream
// of a player.
class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.reset();
    this.port.onmessage = ({ data }) => {
      if (data === 'arm') this.reset();
      else if (data === 'read')
        this.port.postMessage({
          first: this.first,
          runs: this.runs,
          heard: this.heard,
          frames: this.frames,
          open: this.zeros,
        });
    };
  }
  reset() {
    this.first = -1;
    this.runs = [];
    this.zeros = 0;
    this.heard = 0;
    this.frames = 0;
    this.told = false;
  }
  process([input]) {
    const samples = input[0];
    const length = samples?.length ?? 128;
    this.frames += length;
    for (let n = 0; n < length; n++) {
      const value = samples ? Math.max(Math.abs(samples[n]), Math.abs(input[1]?.[n] ?? 0)) : 0;
      if (this.first < 0) {
        if (value > 1e-4) {
          this.first = currentFrame + n;
          this.port.postMessage({ firstFrame: this.first, rate: sampleRate });
        }
      }
      if (this.first >= 0) {
        if (value === 0) this.zeros++;
        else {
          this.heard++;
          if (this.zeros > 0) this.runs.push(this.zeros);
          this.zeros = 0;
        }
      }
    }
    return true;
  }
}
registerProcessor('recorder', Recorder);
