// The spectrum of what is heard, from the player's analyser.

/** @param {import('tonearm/queue').Queue} queue @param {HTMLCanvasElement} canvas */
export function showSpectrum(queue, canvas) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const bars = 56;
  /** @type {Uint8Array<ArrayBuffer>} */
  let bins = new Uint8Array(0);
  function draw() {
    requestAnimationFrame(draw);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const { player } = queue;
    if (player.engine === 'element' || player.state === 'idle') return;
    const { analyser } = player;
    if (bins.length !== analyser.frequencyBinCount) bins = new Uint8Array(analyser.frequencyBinCount);
    analyser.getByteFrequencyData(bins);
    const width = canvas.width / bars;
    for (let bar = 0; bar < bars; bar++) {
      // Even steps for the ear: from 40 Hz to 16 kHz.
      const hertz = 40 * 400 ** (bar / bars);
      const bin = Math.min(
        bins.length - 1,
        Math.round((hertz * 2 * bins.length) / analyser.context.sampleRate),
      );
      const height = (bins[bin] / 255) * canvas.height;
      pen.fillStyle = `hsl(${36 - bar / 5} 78% ${38 + bins[bin] / 9}%)`;
      pen.fillRect(bar * width, canvas.height - height, width - 2, height);
    }
  }
  draw();
}
