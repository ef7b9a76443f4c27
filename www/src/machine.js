// The state machine's state, and how it came there.

const STATES = [
  'idle',
  'loading',
  'ready',
  'starting',
  'playing',
  'rebuffering',
  'paused',
  'seeking',
  'ended',
  'recovering',
  'failed',
];
const KEPT = 8;

/**
 * @param {import('tonearm/queue').Queue} queue
 * @param {HTMLElement} machine
 * @param {HTMLElement} history
 * @param {HTMLElement} badge
 */
export function showMachine(queue, machine, history, badge) {
  const cells = new Map(
    STATES.map((state) => [state, Object.assign(document.createElement('span'), { textContent: state })]),
  );
  machine.append(...cells.values());
  let before = '';
  const show = () => {
    const { state } = queue.player;
    badge.textContent = state;
    badge.dataset.state = state;
    for (const [name, cell] of cells) cell.classList.toggle('is-current', name === state);
    if (before && before !== state) {
      const at = new Date().toISOString().slice(17, 23);
      history.prepend(
        Object.assign(document.createElement('li'), { textContent: `${at}  ${before} → ${state}` }),
      );
      while (history.children.length > KEPT) history.lastChild?.remove();
    }
    before = state;
  };
  queue.addEventListener('statechange', show);
  show();
}
