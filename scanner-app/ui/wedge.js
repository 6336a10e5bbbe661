// A keyboard-wedge scanner types faster than anybody and ends with Enter. Keys go to the code field
// wherever the focus is, so that none is lost; beside the characters the physical keys are kept, so
// that a host with another keyboard layout still reads digits.

const PHYSICAL = /^(?:Digit|Numpad)(\d)$/;

export function listenToWedge(field, active, submit) {
  let physical = '';
  document.addEventListener('keydown', (event) => {
    if (!active() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter') {
      if (document.activeElement?.tagName === 'BUTTON' && !field.value) return;
      event.preventDefault();
      const text = field.value;
      const keys = physical;
      field.value = '';
      physical = '';
      submit(text, keys);
      return;
    }
    const digit = PHYSICAL.exec(event.code);
    if (digit) physical += digit[1];
    else if (event.key === 'Backspace') physical = physical.slice(0, -1);
    else if (event.key === 'Escape') { field.value = ''; physical = ''; }
    if (document.activeElement !== field && event.key.length === 1) field.focus();
  }, { capture: true });
}
