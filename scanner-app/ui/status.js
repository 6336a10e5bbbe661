// The status bar: what staff must know about the device before they trust a quiet screen.

import { clock } from './clock.js';

const $ = (id) => document.getElementById(id);
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function showStatus(status) {
  $('gate').textContent = status.gate;
  $('event').textContent = status.event;
  $('link').dataset.state = status.online ? 'online' : 'offline';
  $('link-word').textContent = status.online ? 'Online' : 'Offline';
  showNear(status.heard?.length ?? 0, status.online);
  $('pending').textContent = status.pending;
  $('age').textContent = age(status.snapshotAgeSeconds);
  $('list').dataset.state = status.staleness;
  $('notice').textContent = status.notice ?? '';
  $('notice').hidden = !status.notice;
  $('conflict').textContent = status.conflict ? conflict(status.conflict, status.moreConflicts) : '';
  $('conflict').hidden = !status.conflict;
}

// Whom it hears, by other ways than the server. Alone, a copy of a ticket that was used elsewhere passes.
function showNear(heard, isOnline) {
  const devices = heard ? `${heard} device${heard === 1 ? '' : 's'}` : 'no device';
  const isAlone = heard === 0 && !isOnline;
  $('near-open').textContent = isAlone ? 'Alone' : `Hears ${devices}`;
  $('near').dataset.state = isAlone ? 'amber' : 'heard';
}

// More people than one came in by a ticket, and this device let in one of them.
function conflict({ serial, admissions }, more) {
  const where = admissions.map((of) => `${of.gate ?? of.device ?? 'a gate'} at ${clock(of.at)}`);
  const others = more ? `, and ${more} more such ticket${more === 1 ? '' : 's'}` : '';
  return `Ticket ${String(serial).padStart(4, '0')} let in ${where.length} times: ${where.join(', ')}${others}`;
}

// The device cannot tell: never quieter than it is.
export function showUnknown() {
  $('link').dataset.state = 'offline';
  $('link-word').textContent = 'Offline';
  showNear(0, false);
  $('pending').textContent = '?';
  $('age').textContent = 'unknown';
  $('list').dataset.state = 'red';
}

function age(seconds) {
  if (seconds === null || seconds === undefined) return 'missing';
  if (seconds < 2 * MINUTE) return 'fresh';
  if (seconds < 2 * HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} days`;
}
