// The screens and what moves between them. Decides nothing: it asks the core, one scan after the
// other, and shows what the core has written down.

import { isAnswered, showChecking, showProblem, showReady, showUndone, showVerdict } from './answer.js';
import { setUpAsking } from './asking.js';
import { isPeerLink, setUpDevices } from './devices.js';
import { setUpFind } from './find.js';
import { showStatus, showUnknown } from './status.js';
import { setUpSupervisor } from './supervise.js';
import { listenToWedge } from './wedge.js';

const invoke = window.__TAURI__.core.invoke;
const $ = (id) => document.getElementById(id);

const STATUS_EVERY_MS = 2000;
const SYNC_EVERY_MS = 15000;
const MUTED = 'muted';
// Pasted whole, a ticket needs no button.
const WHOLE_TICKET = /^\s*\d{100,}\s*$/;

const screen = () => document.body.dataset.screen;
const isMuted = () => $('sound').getAttribute('aria-checked') === 'false';

function show(name) {
  if (screen() === name) return;
  document.body.dataset.screen = name;
  for (const page of ['trouble', 'enrol', 'scan']) $(page).hidden = page !== name;
  $('bar').hidden = name !== 'scan';
  if (name === 'scan') showReady();
  else document.body.dataset.verdict = 'idle';
  rest();
}

// Where the cursor belongs when nobody put it anywhere. Keys are heard without it too, so a phone
// is not made to show its keyboard.
function rest() {
  document.activeElement?.blur();
  const place = { enrol: 'enrol-link', scan: 'code' }[screen()];
  if (place && matchMedia('(pointer: fine)').matches) $(place).focus();
}

// One scan after the other: a fast reader must not overtake a slow disk. Never rejects.
let queue = Promise.resolve();
let latest = null;
let answered = null;
let isSupervised = false;

function check(reading, isConfirmed = false, answers = []) {
  if (!reading.text.trim() && !reading.keys) return;
  find.close();
  supervisor.close();
  asking.close();
  devices.close();
  // No ticket, but where another device is. A guest may have shown it: staff say whether it is called.
  if (isPeerLink(reading.text)) {
    showReady();
    devices.open(reading.text);
    return;
  }
  queue = queue.then(() => decide(reading, isConfirmed, answers));
}

async function decide(reading, isConfirmed, answers) {
  showChecking();
  latest = reading;
  try {
    answered = await invoke('scan', { ...reading, confirmed: isConfirmed, answers });
    showVerdict(answered, isMuted(), isSupervised);
    if (answered.questions.length && answers.length) asking.open(answered.questions, reading.text);
  } catch (problem) {
    showProblem(String(problem), isMuted());
  }
  refresh();
}

async function refresh() {
  try {
    const status = await invoke('status');
    show(status ? 'scan' : 'enrol');
    isSupervised = status?.supervised ?? false;
    if (status) {
      showStatus(status);
      devices.show(status);
    }
  } catch (problem) {
    // An answer on the screen stays: the next scan tells for itself whether the device works.
    if (screen() === 'scan') {
      showUnknown();
      return;
    }
    $('trouble-problem').textContent = String(problem);
    show('trouble');
  }
}

let syncing = null;
function sync() {
  syncing ??= syncOnce().finally(() => { syncing = null; });
  return syncing;
}

async function syncOnce() {
  $('sync').disabled = true;
  try {
    await invoke('sync');
  } catch {
    // The status bar says that the device is offline; a gate goes on without.
  }
  $('sync').disabled = false;
  await refresh();
}

async function enrol(link) {
  $('enrol-problem').hidden = true;
  if ($('enrol-button').disabled) return;
  $('enrol-button').disabled = true;
  $('enrol-button').textContent = 'Setting up…';
  try {
    const { compare } = await invoke('enrol', { link });
    $('enrol-link').value = '';
    await refresh();
    if (compare) showReady(`Compare with the organizer's screen: ${compare}`);
    sync();
  } catch (problem) {
    $('enrol-link').value = link;
    $('enrol-problem').textContent = String(problem);
    $('enrol-problem').hidden = false;
  }
  $('enrol-button').disabled = false;
  $('enrol-button').textContent = 'Set up';
}

function showSound(isOn) {
  $('sound').setAttribute('aria-checked', String(isOn));
  $('sound').querySelector('b').textContent = isOn ? 'on' : 'off';
}

function overruled(command, answer) {
  find.close();
  if (command === 'force') showVerdict(answer, isMuted());
  else if (command === 'undo') showUndone(answer);
  else showReady('Codes may be typed again.');
  refresh();
}

// Nothing is in the way of the next guest: neither a panel nor an answer that is still to be read.
const isFree = () => ['find', 'supervise', 'asking', 'devices'].every((panel) => $(panel).hidden);

const asking = setUpAsking({
  done: (answers) => { if (latest) check(latest, answers === null, answers ?? []); },
  closed: rest,
});
const supervisor = setUpSupervisor({ ask: invoke, done: overruled, closed: rest });
const find = setUpFind({
  search: (query) => invoke('search', { query }),
  opened: () => showReady(),
  closed: rest,
  chosen: (hit, words) => {
    if (isSupervised) supervisor.open({ text: '', keys: '', serial: hit.serial }, words);
  },
});
const devices = setUpDevices({
  call: async (address) => {
    const called = await invoke('call', { address });
    refresh();
    return called;
  },
  closed: rest,
});
const forgetKeys = listenToWedge({
  field: () => ({ enrol: $('enrol-link'), scan: $('code') })[screen()],
  begun: () => { if (screen() === 'scan' && isAnswered() && isFree()) showReady(); },
  submit: (reading) => (screen() === 'scan' ? check(reading) : enrol(reading.text)),
});

$('enrol-form').addEventListener('submit', (event) => {
  event.preventDefault();
  enrol($('enrol-link').value);
});
$('scan-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('code').value;
  $('code').value = '';
  forgetKeys();
  check({ text, keys: '' });
});
document.addEventListener('paste', (event) => {
  const text = event.clipboardData?.getData('text') ?? '';
  if (screen() !== 'scan' || !WHOLE_TICKET.test(text)) return;
  event.preventDefault();
  $('code').value = '';
  forgetKeys();
  check({ text, keys: '' });
});
$('confirm').addEventListener('click', () => {
  if (!latest) return;
  if (answered?.questions?.length) asking.open(answered.questions, latest.text);
  else check(latest, true);
});
$('overrule').addEventListener('click', () => {
  const isTicket = latest && answered?.serial != null;
  const words = [answered?.class, answered?.seat, answered?.holder].filter(Boolean).join(' · ');
  supervisor.open(isTicket ? { ...latest, serial: null } : null, isTicket ? words : answered?.explanation ?? '');
});
$('sync').addEventListener('click', sync);
$('sound').addEventListener('click', () => {
  showSound(isMuted());
  localStorage.setItem(MUTED, String(isMuted()));
});
$('trouble-again').addEventListener('click', refresh);
// A button that was pressed with a finger or mouse must not keep the Enter of the next reading.
document.addEventListener('click', (event) => {
  if (event.detail > 0 && event.target.closest('#scan button') && isFree()) rest();
});
document.querySelector('#sound').addEventListener('pointerup', () => setTimeout(rest));

// Out of sight this device may be stopped at any moment: others are not to lean on it until it is back.
document.addEventListener('visibilitychange', async () => {
  try {
    await invoke(document.hidden ? 'pause' : 'resume');
  } catch {
    // The status bar says who is heard.
  }
  if (!document.hidden && screen() === 'scan') sync();
});

showSound(localStorage.getItem(MUTED) !== 'true');
await refresh();
setInterval(refresh, STATUS_EVERY_MS);
setInterval(() => { if (screen() === 'scan') sync(); }, SYNC_EVERY_MS);
if (screen() === 'scan') sync();
