// The status bar: what staff must know about the device before they trust a quiet screen.

const $ = (id) => document.getElementById(id);
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function showStatus(status) {
  $('gate').textContent = status.gate;
  $('event').textContent = status.event;
  $('link').dataset.state = status.online ? 'online' : 'offline';
  $('link-word').textContent = status.online ? 'Online' : 'Offline';
  $('pending').textContent = status.pending;
  $('age').textContent = age(status.snapshotAgeSeconds);
  $('list').dataset.state = status.staleness;
  $('notice').textContent = status.notice ?? '';
  $('notice').hidden = !status.notice;
}

// The device cannot tell: never quieter than it is.
export function showUnknown() {
  $('link').dataset.state = 'offline';
  $('link-word').textContent = 'Offline';
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
