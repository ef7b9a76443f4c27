// The backend's fault switches.

/** @param {HTMLFormElement} form */
export function showFaults(form) {
  const send = () => {
    const faults = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, Number(value)]));
    fetch('/api/faults', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...faults, seed: 1 }),
    });
    form.classList.toggle('is-armed', Object.values(faults).some(Boolean));
  };
  form.addEventListener('change', send);
  // They are the server's: another page may have set them.
  fetch('/api/faults')
    .then((response) => response.json())
    .then((faults) => {
      for (const field of form.querySelectorAll('select')) field.value = String(faults[field.name]);
      form.classList.toggle(
        'is-armed',
        [...form.querySelectorAll('select')].some(({ value }) => value !== '0'),
      );
    });
}
