// The answer on the screen. Nothing here decides: it shows what the core decided, after the core
// said so. An old answer never waits for the next guest: a new reading clears it, and so does time.

import { clock } from './clock.js';
import { signal } from './signal.js';

const $ = (id) => document.getElementById(id);

const WORDS = { admit: 'Admit', refuse: 'Do not admit', attention: 'Check first' };
const GLYPHS = { admit: '✓', refuse: '✕', attention: '!' };
const STEPS = {
  needs_id: 'ID is right: admit',
  needs_answer: 'Ask the guest',
  needs_payment: 'Paid: admit',
};
const ADMIT_STAYS_MS = 8000;
// Within this time a second reading of an admitted ticket is rather the same guest again.
const READ_TWICE_MS = 10000;
const RECENT_MAX = 3;

const counts = { admitted: 0, refused: 0 };
const answers = [];
let timer;
let previous = null;

function paint(kind, word, { who = '', holder = '', explanation = '', earlier = '', notes = [], step = '', overrule = false } = {}) {
  clearTimeout(timer);
  document.body.dataset.verdict = kind;
  delete $('answer').dataset.fresh;
  void $('answer').offsetWidth; // restarts the animation for a repeated verdict
  $('answer').dataset.fresh = '';
  $('word').textContent = word;
  $('who').textContent = who;
  $('holder').textContent = holder;
  $('explanation').textContent = explanation;
  $('earlier').textContent = earlier;
  $('notes').replaceChildren(...notes.map((note) => {
    const item = document.createElement('li');
    item.textContent = note;
    return item;
  }));
  $('notes').hidden = notes.length === 0;
  $('confirm').textContent = step;
  $('confirm').hidden = !step;
  $('overrule').hidden = !overrule;
  $('answer').scrollTop = 0;
  showRecent();
}

export function showReady(explanation = 'Scan a ticket, or type its digits below.') {
  paint('idle', 'Ready', { explanation });
}

// A reading began: whatever is on the screen is not about it.
export function showChecking() {
  if (document.body.dataset.verdict !== 'checking') paint('checking', 'Checking');
}

export function isAnswered() {
  return document.body.dataset.verdict in WORDS;
}

export function showProblem(sentence, isMuted) {
  note('refuse', 'Not decided');
  paint('refuse', WORDS.refuse, { explanation: sentence });
  signal('refuse', isMuted);
}

export function showVerdict(verdict, isMuted, isSupervised = false) {
  const kind = verdict.verdict;
  // A seat is not broken over two lines.
  const seat = verdict.seat?.replaceAll('-', '\u2011').replaceAll(' ', '\u00a0');
  const who = [verdict.class, seat].filter(Boolean).join(' · ');
  note(kind, seat || verdict.holder || who || WORDS[kind]);
  paint(kind, WORDS[kind], {
    who,
    holder: verdict.holder ?? '',
    explanation: verdict.explanation,
    earlier: readTwice(verdict) ? 'Admitted here a moment ago. Was it read twice?' : earlierUse(verdict),
    notes: verdict.notes ?? [],
    step: kind === 'attention' ? STEPS[verdict.reason] ?? '' : '',
    overrule: isSupervised && mayBeAsked(verdict),
  });
  if (kind === 'admit') {
    previous = { serial: verdict.serial, at: performance.now() };
    timer = setTimeout(() => showReady(), ADMIT_STAYS_MS);
  }
  signal(kind, isMuted);
}

// A ticket is there and refused, or typed codes wait for somebody's word.
function mayBeAsked(verdict) {
  return (verdict.verdict === 'refuse' && verdict.serial != null) || verdict.reason === 'rate_limited';
}

// What a supervisor took back is no verdict on anybody.
export function showUndone({ serial, explanation, supervisor }) {
  showReady(`Ticket ${serial}: ${explanation} Decided by ${supervisor}.`);
}

function readTwice(verdict) {
  return verdict.reason === 'already_used' && previous?.serial === verdict.serial
    && performance.now() - previous.at < READ_TWICE_MS;
}

// A refusal's sentence tells the earlier use itself, on the event's clock.
function earlierUse(verdict) {
  if (!verdict.earlier || verdict.verdict === 'refuse') return '';
  return `Used before: ${clock(verdict.earlier.at)}, ${verdict.earlier.gate}`;
}

// Counts an answer and keeps it for the row of earlier ones.
function note(kind, label) {
  if (kind === 'admit') counts.admitted += 1;
  if (kind === 'refuse') counts.refused += 1;
  $('admitted').textContent = counts.admitted;
  $('refused').textContent = counts.refused;
  answers.unshift({ kind, label });
  answers.length = Math.min(answers.length, RECENT_MAX + 1);
}

// The current answer fills the screen; those before it stay in sight, for scans back to back.
function showRecent() {
  const from = isAnswered() ? 1 : 0;
  const items = answers.slice(from, from + RECENT_MAX).map((answer) => {
    const item = document.createElement('li');
    item.dataset.was = answer.kind;
    item.textContent = `${GLYPHS[answer.kind]} ${answer.label}`;
    return item;
  });
  $('recent').replaceChildren(...items);
}
