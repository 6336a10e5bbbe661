// Times as the core writes them in its sentences: 18:02, with the date when it is another day.

export function clock(time) {
  const at = new Date(time);
  const isToday = at.toDateString() === new Date().toDateString();
  const time24 = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  return isToday ? time24 : `${time24} on ${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'long' })}`;
}
