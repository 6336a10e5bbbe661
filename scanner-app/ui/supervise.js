// A supervisor's panel: a PIN and what may be done with it. Decides nothing: the core knows whose PIN
// it is, and writes down what was done before it says so.

const $ = (id) => document.getElementById(id);

// `ask(command, arguments)` asks the core; `done(command, answer)` is told of what was done;
// `closed()` when the panel goes.
export function setUpSupervisor({ ask, done, closed }) {
  let ticket = null;

  // `meant` is a reading or a serial, `words` say which; without a ticket only codes are allowed again.
  function open(meant, words) {
    ticket = meant;
    $('supervise-ticket').textContent = words;
    $('let-in').hidden = !ticket;
    $('take-back').hidden = !ticket;
    $('unlock').hidden = Boolean(ticket);
    tell('');
    $('pin').value = '';
    $('supervise').hidden = false;
    $('pin').focus();
  }
  function close() {
    if ($('supervise').hidden) return;
    $('pin').value = '';
    ticket = null;
    $('supervise').hidden = true;
    closed();
  }
  function tell(problem) {
    $('supervise-problem').textContent = problem;
    $('supervise-problem').hidden = !problem;
  }
  async function act(command) {
    const pin = $('pin').value;
    if (!pin) {
      tell('Type the PIN first.');
      $('pin').focus();
      return;
    }
    $('pin').value = '';
    busy(true);
    try {
      const answer = await ask(command, command === 'unlock' ? { pin } : { ticket, pin });
      close();
      done(command, answer);
    } catch (problem) {
      tell(String(problem));
      $('pin').focus();
    }
    busy(false);
  }

  $('supervise-form').addEventListener('submit', (event) => {
    event.preventDefault();
    act(ticket ? 'force' : 'unlock');
  });
  $('take-back').addEventListener('click', () => act('undo'));
  $('unlock').addEventListener('click', () => act('unlock'));
  $('supervise-close').addEventListener('click', close);
  window.addEventListener('keydown', (event) => { if (event.key === 'Escape') close(); });
  return { open, close };
}

function busy(isBusy) {
  for (const id of ['let-in', 'take-back', 'unlock']) $(id).disabled = isBusy;
}
