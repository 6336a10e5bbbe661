// Looking a ticket up in the list on this device. Shows, and changes nothing itself.

import { clock } from './clock.js';

const $ = (id) => document.getElementById(id);
const WAIT_MS = 150;
// The core lists nobody for less.
const QUERY_CHARS_MIN = 4;

// `search(query)` gives the hits; `opened()` and `closed()` are told when the view comes and goes.
// `chosen(hit)` is told of a ticket that somebody picked.
export function setUpFind({ search, opened, closed, chosen }) {
  let timer;
  let asked = 0;

  async function look() {
    const query = $('find-text').value.trim();
    const mine = ++asked;
    try {
      const found = query ? await search(query) : [];
      if (mine === asked) show(found, query, chosen);
    } catch (problem) {
      if (mine === asked) tell(String(problem));
    }
  }
  function open() {
    opened();
    $('find').hidden = false;
    $('find-text').value = '';
    show([], '', chosen);
    $('find-text').focus();
  }
  function close() {
    if ($('find').hidden) return;
    clearTimeout(timer);
    asked += 1;
    $('find').hidden = true;
    closed();
  }

  $('find-open').addEventListener('click', open);
  $('find-close').addEventListener('click', close);
  $('find-text').addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT_MS);
  });
  $('find-form').addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(timer);
    look();
  });
  window.addEventListener('keydown', (event) => { if (event.key === 'Escape') close(); });
  return { close };
}

function tell(sentence) {
  $('hits').replaceChildren();
  $('find-note').textContent = sentence;
}

const STATES = {
  unclaimed: 'not handed out', active: 'good', cancelled: 'cancelled', revoked: 'withdrawn', blocked: 'blocked', unpaid: 'not paid', expired: 'expired',
};

function describe(hit) {
  const used = hit.earlier ? `used ${clock(hit.earlier.at)}, ${hit.earlier.gate}` : '';
  const state = hit.inside ? 'inside' : used ? '' : STATES[hit.status];
  return [`No. ${hit.serial}`, hit.class, hit.seat, state, used].filter(Boolean).join(' · ');
}

function glyph(hit) {
  if (hit.status !== 'active') return '✕';
  return hit.inside || hit.earlier ? '!' : '✓';
}

function show(found, query, chosen) {
  const tooShort = [...query].length < QUERY_CHARS_MIN;
  if (found.length) tell('');
  else tell(tooShort ? `Type ${QUERY_CHARS_MIN} letters of the name, or the ticket's number as 0042.` : 'No ticket on this device matches.');
  $('hits').replaceChildren(...found.map((hit) => {
    const item = document.createElement('li');
    const sign = document.createElement('span');
    sign.className = 'glyph';
    sign.setAttribute('aria-hidden', 'true');
    sign.textContent = glyph(hit);
    const title = document.createElement('button');
    title.type = 'button';
    title.className = 'hit';
    title.textContent = hit.holder ?? `Ticket ${hit.serial}`;
    title.addEventListener('click', () => chosen(hit, describe(hit)));
    const state = document.createElement('span');
    state.textContent = describe(hit);
    item.append(sign, title, state);
    return item;
  }));
}
