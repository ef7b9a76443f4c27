// The backend's fault switches.

/** @param {HTMLFormElement} form */
export function showFaults(form) {
  const send = () => {
    const faults = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, Number(value)]));
    fetch('/api/faults', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...faults, seed: 1 }) });
    form.classList.toggle('is-armed', Object.values(faults).some(Boolean));
  };
  form.addEventListener('change', send);
  send();
}
