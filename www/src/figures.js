// The play's figures, and the last half minute of the buffer.

const SECONDS = 30;
const PER_SECOND = 5;

/**
 * @param {import('tonearm/queue').Queue} queue
 * @param {HTMLElement} list
 * @param {HTMLCanvasElement} canvas
 */
export function showFigures(queue, list, canvas) {
  /** @type {{ ahead: number, silent: boolean }[]} */
  const past = [];
  const draw = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  setInterval(() => {
    const { stats, buffered, currentTime, state } = {
      stats: queue.player.stats(),
      buffered: queue.player.buffered,
      currentTime: queue.player.currentTime,
      state: queue.player.state,
    };
    const ahead = buffered.length ? Math.max(0, buffered.end(0) - currentTime) : 0;
    past.push({ ahead, silent: state === 'rebuffering' || state === 'recovering' });
    if (past.length > SECONDS * PER_SECOND) past.shift();
    const rows = [
      ['first sample', Number.isFinite(stats.latency) ? `${(stats.latency * 1000).toFixed(0)} ms` : '–'],
      ['heard', `${stats.playTime.toFixed(1)} s`],
      ['stalls', `${stats.stalls}, ${stats.stallTime.toFixed(2)} s`],
      ['undecodable packets', String(stats.decodeFailures)],
      ['in memory ahead', `${ahead.toFixed(1)} s`],
    ];
    list.replaceChildren(
      ...rows.flatMap(([term, value]) => [
        Object.assign(document.createElement('dt'), { textContent: term }),
        Object.assign(document.createElement('dd'), { textContent: value }),
      ]),
    );
    plot(draw, canvas, past);
  }, 1000 / PER_SECOND);
}

/**
 * @param {CanvasRenderingContext2D} draw
 * @param {HTMLCanvasElement} canvas
 * @param {{ ahead: number, silent: boolean }[]} past
 */
function plot(draw, canvas, past) {
  const { width, height } = canvas;
  const most = Math.max(5, ...past.map(({ ahead }) => ahead));
  draw.clearRect(0, 0, width, height);
  past.forEach(({ ahead, silent }, n) => {
    const x = width - (past.length - n) * (width / (SECONDS * PER_SECOND));
    const tall = Math.max(1, (ahead / most) * (height - 14));
    draw.fillStyle = silent ? '#e5533d' : '#e8a33d';
    draw.fillRect(x, height - tall, width / (SECONDS * PER_SECOND) + 0.5, tall);
  });
  draw.fillStyle = '#a89a8c';
  draw.font = '20px system-ui';
  draw.fillText(`${most.toFixed(0)} s`, 4, 18);
}
