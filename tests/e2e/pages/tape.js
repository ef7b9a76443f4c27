// A worklet that keeps what it hears, for a comparison sample by sample.
class Tape extends AudioWorkletProcessor {
  constructor() {
    super();
    this.blocks = [];
    this.port.onmessage = () => {
      this.port.postMessage(this.blocks);
      this.blocks = [];
    };
  }
  process([input]) {
    this.blocks.push(input[0] ? input[0].slice() : new Float32Array(128));
    return true;
  }
}
registerProcessor('tape', Tape);
