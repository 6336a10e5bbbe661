// The screen: shows what the core decided, never decides. Nothing turns green before the core says
// that the admission is on disk.

import { signal } from './signal.js';
import { listenToWedge } from './wedge.js';

const invoke = window.__TAURI__.core.invoke;
const $ = (id) => document.getElementById(id);

const WORDS = { admit: 'Admit', refuse: 'Do not admit', attention: 'Check first' };
const SHAPES = {
  idle: '<path d="M8 22V10h12M44 10h12v12M56 42v12H44M20 54H8V42" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/><path d="M14 32h36" stroke="currentColor" stroke-width="4" stroke-linecap="round"/>',
  admit: '<circle cx="32" cy="32" r="30" fill="#fff"/><path d="M17 33l10 11 21-24" fill="none" stroke="#0b6b3a" stroke-width="8" stroke-linecap="round" stroke-linejoin="round"/>',
  refuse: '<path d="M20 2h24l18 18v24L44 62H20L2 44V20z" fill="#fff"/><path d="M20 20l24 24M44 20L20 44" stroke="#a8121f" stroke-width="8" stroke-linecap="round"/>',
  attention: '<path d="M32 3l30 55H2z" fill="#fff"/><path d="M32 22v18" stroke="#8a5200" stroke-width="7" stroke-linecap="round"/><circle cx="32" cy="49" r="4" fill="#8a5200"/>',
};
const STATUS_EVERY_MS = 2000;
const SYNC_EVERY_MS = 15000;

const counts = { admitted: 0, refused: 0 };
let busy = Promise.resolve();

function show(screen) {
  document.body.dataset.screen = screen;
  $('enrol').hidden = screen !== 'enrol';
  $('scan').hidden = screen !== 'scan';
  $('bar').hidden = screen !== 'scan';
  (screen === 'scan' ? $('code') : $('enrol-link')).focus();
}

function showAnswer(kind, word, who, explanation, earlier) {
  const answer = $('answer');
  answer.dataset.verdict = kind;
  delete answer.dataset.fresh;
  void answer.offsetWidth; // restarts the animation for a repeated verdict
  answer.dataset.fresh = '';
  $('shape').innerHTML = `<svg viewBox="0 0 64 64" aria-hidden="true">${SHAPES[kind]}</svg>`;
  $('word').textContent = word;
  $('who').textContent = who;
  $('explanation').textContent = explanation;
  $('earlier').textContent = earlier;
}

function showVerdict(verdict) {
  const who = [verdict.class, verdict.seat, verdict.holder].filter(Boolean).join(' · ');
  const earlier = verdict.earlier && verdict.reason !== 'already_used'
    ? `Used ${new Date(verdict.earlier.at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })} at ${verdict.earlier.gate}` : '';
  showAnswer(verdict.verdict, WORDS[verdict.verdict], who, verdict.explanation, earlier);
  if (verdict.verdict === 'refuse') counts.refused += 1; else counts.admitted += 1;
  $('admitted').textContent = counts.admitted;
  $('refused').textContent = counts.refused;
  signal(verdict.verdict, $('mute').getAttribute('aria-pressed') === 'true');
}

// One scan after the other: a fast scanner must not overtake a slow disk.
function check(text, physical = '') {
  if (!text.trim() && !physical) return;
  busy = busy.then(async () => {
    try {
      showVerdict(await invoke('scan', { text, physical }));
    } catch (problem) {
      showAnswer('refuse', WORDS.refuse, '', `This device could not decide: ${problem}`, '');
      signal('refuse', false);
    }
    await refresh();
  });
}

function age(seconds) {
  if (seconds === null || seconds === undefined) return 'missing';
  if (seconds < 90) return 'fresh';
  if (seconds < 5400) return `${Math.round(seconds / 60)} min old`;
  return `${Math.round(seconds / 3600)} h old`;
}

async function refresh() {
  const status = await invoke('status');
  if (!status) return show('enrol');
  if (document.body.dataset.screen !== 'scan') show('scan');
  $('link').dataset.state = status.online ? 'online' : 'offline';
  $('link').querySelector('b').textContent = status.online ? 'Online' : 'Offline';
  $('pending').textContent = status.pending;
  $('age').textContent = age(status.snapshotAgeSeconds);
  $('age').parentElement.dataset.state = status.staleness;
  $('gate').textContent = status.gate;
}

async function sync() {
  $('sync').disabled = true;
  try { await invoke('sync'); } catch { /* the status bar says "Offline" */ }
  $('sync').disabled = false;
  await refresh();
}

$('enrol-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const problem = $('enrol-problem');
  problem.hidden = true;
  $('enrol-button').disabled = true;
  try {
    await invoke('enrol', { link: $('enrol-link').value });
    $('enrol-link').value = '';
    showAnswer('idle', 'Ready', '', 'Scan a ticket, or type its digits below.', '');
    await refresh();
    sync();
  } catch (error) {
    problem.textContent = error;
    problem.hidden = false;
  }
  $('enrol-button').disabled = false;
});

$('scan-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('code').value;
  $('code').value = '';
  check(text);
  $('code').focus();
});
$('code').addEventListener('paste', (event) => {
  const text = event.clipboardData?.getData('text') ?? '';
  // A whole code pasted needs no button.
  if (/^\s*\d{100,}\s*$/.test(text)) {
    event.preventDefault();
    $('code').value = '';
    check(text);
  }
});
$('sync').addEventListener('click', sync);
$('mute').addEventListener('click', () => {
  const muted = $('mute').getAttribute('aria-pressed') !== 'true';
  $('mute').setAttribute('aria-pressed', String(muted));
  $('mute').textContent = muted ? 'Sound off' : 'Sound on';
  $('code').focus();
});
listenToWedge($('code'), () => document.body.dataset.screen === 'scan', check);

showAnswer('idle', 'Ready', '', 'Scan a ticket, or type its digits below.', '');
await refresh();
setInterval(refresh, STATUS_EVERY_MS);
setInterval(() => { if (document.body.dataset.screen === 'scan') sync(); }, SYNC_EVERY_MS);
if (document.body.dataset.screen === 'scan') sync();
