// A keyboard-wedge scanner types faster than anybody and ends with Enter or Tab. It is heard on the
// whole page, so that no key is lost wherever the focus is. A burst of keys is a reading of its own:
// what somebody had begun to type is not mixed into it. Beside the characters the physical keys are
// kept, so that a host with another keyboard layout still reads digits.

const PHYSICAL = /^(?:Digit|Numpad)(\d)$/;
// No hand types this many keys this fast; the shortest ticket is longer.
const BURST_KEYS_MIN = 60;
const BURST_MS_PER_KEY_MAX = 50;
const PAUSE_MS = 1000;
const KEYS_MAX = 4096;

// `field()` gives the input that stray keys belong to; `submit({text, keys})` takes a reading;
// `begun()` is told of every key that belongs to one. Gives a function that forgets the keys so far.
export function listenToWedge({ field, submit, begun }) {
  let run = null;

  window.addEventListener('keydown', (event) => {
    const into = field();
    if (!into || event.isComposing || isShortcut(event)) return;
    if (event.key === 'Enter' || event.key === 'Tab') {
      const reading = finished(run, into, event.key);
      if (!reading) return;
      event.preventDefault();
      event.stopPropagation();
      run = null;
      into.value = '';
      submit(reading);
    } else if (event.key === 'Escape') {
      run = null;
      into.value = '';
    } else if (isTyping(event)) {
      run = longer(run, event, into);
      begun();
      if (isCharacter(event) && !isEditable(document.activeElement)) {
        event.preventDefault();
        into.value += event.key;
        into.focus();
        into.setSelectionRange(into.value.length, into.value.length);
      }
    }
  }, { capture: true });
  return () => { run = null; };
}

const isEditable = (element) => element?.matches?.('input, textarea, select') ?? false;
const isCharacter = (event) => [...event.key].length === 1;

function isShortcut(event) {
  if (event.getModifierState('AltGraph')) return false;
  return event.metaKey || event.ctrlKey || event.altKey;
}

function isTyping(event) {
  if (event.key === ' ' && document.activeElement?.matches('button')) return false;
  return isCharacter(event) || PHYSICAL.test(event.code);
}

// The run of keys that this key goes on with, or begins: without a pause, and into one place.
function longer(run, { key, code, timeStamp }, into) {
  const place = isEditable(document.activeElement) ? document.activeElement : into;
  const goesOn = run?.place === place && timeStamp - run.last <= PAUSE_MS;
  const { text, keys, count, from } = goesOn ? run : { text: '', keys: '', count: 0, from: timeStamp };
  if (count >= KEYS_MAX) return { ...run, last: timeStamp };
  const digit = PHYSICAL.exec(code)?.[1] ?? '';
  const character = [...key].length === 1 ? key : '';
  return { place, text: text + character, keys: keys + digit, count: count + 1, from, last: timeStamp };
}

// The reading that ends with this key; null when the key means something else.
function finished(run, into, key) {
  const focused = document.activeElement;
  const elsewhere = isEditable(focused) && focused !== into;
  const isWhole = elsewhere || into.value.length >= (run?.text.length ?? 0); // nothing was deleted
  if (run && isWhole && run.count >= BURST_KEYS_MIN && run.last - run.from <= run.count * BURST_MS_PER_KEY_MAX) {
    if (elsewhere) focused.value = '';
    return { text: run.text, keys: run.keys };
  }
  const text = into.value;
  if (key !== 'Enter' || elsewhere || !text) return null;
  return { text, keys: run?.text === text ? run.keys : '' };
}
