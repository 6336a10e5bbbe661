// Other devices: which are heard, and calling one by the address that it shows. Decides nothing: who
// answers there has to prove itself to the core.

const $ = (id) => document.getElementById(id);
// More would push the form out of sight.
const LINES_MAX = 4;
const LINK = /^\s*gatehouse-peer:/i;

export const isPeerLink = (text) => LINK.test(text);

// `call(address)` asks the core; `closed()` is told when the panel goes.
export function setUpDevices({ call, closed }) {
  // Called since the panel opened: whether it answered is of interest.
  let called = '';
  let latest = null;

  // `address`: what was scanned where tickets are. It is called when somebody says so.
  function open(address = '') {
    called = '';
    $('peer').value = address.trim();
    tell('');
    $('devices').hidden = false;
    draw();
    $(address ? 'devices-call' : 'peer').focus();
  }
  function close() {
    if ($('devices').hidden) return;
    $('devices').hidden = true;
    closed();
  }
  function tell(problem) {
    $('devices-problem').textContent = problem;
    $('devices-problem').hidden = !problem;
  }
  function show(status) {
    latest = status;
    if (!$('devices').hidden) draw();
  }
  function draw() {
    const heard = latest?.heard ?? [];
    const missed = latest?.missed?.find(({ address }) => address === called);
    $('devices-note').textContent = note(heard, called, missed);
    const lines = heard.slice(0, LINES_MAX).map(({ name, address }) => `${name} (${address})`);
    if (heard.length > LINES_MAX) lines.push(`and ${heard.length - LINES_MAX} more`);
    $('devices-heard').replaceChildren(...lines.map((line) => {
      const item = document.createElement('li');
      item.textContent = line;
      return item;
    }));
  }

  $('devices-form').addEventListener('submit', async (event) => {
    event.preventDefault();
    const address = $('peer').value.trim();
    if (!address) {
      tell('Type or scan the address first.');
      $('peer').focus();
      return;
    }
    try {
      called = await call(address);
      $('peer').value = '';
      tell('');
    } catch (problem) {
      tell(String(problem));
    }
    draw();
  });
  $('near-open').addEventListener('click', () => open());
  $('devices-close').addEventListener('click', close);
  window.addEventListener('keydown', (event) => { if (event.key === 'Escape') close(); });
  return { open, close, show };
}

function note(heard, called, missed) {
  if (heard.some(({ address }) => address === called)) return `${called} is heard.`;
  if (missed) return `${missed.address} did not answer: ${missed.why}. It is called again.`;
  if (called) return `Calling ${called}: it is listed here when it answers.`;
  if (heard.length) return 'What they admit is known here at once.';
  return 'No other device is heard. Kiosks on this network are found by themselves; otherwise call one by its address.';
}
