// What the guest is asked before a ticket is let in. Decides nothing: the core says whether an answer is
// one, and keeps it with the admission.

const $ = (id) => document.getElementById(id);

const HINTS = {
  Number: 'A number', Date: 'Year-month-day: 2026-05-02', Time: '17:30', DateTime: '2026-05-02 17:30', Email: 'name@example.org',
};

// `done(answers)` is told what was said, and `null` when somebody decides that nothing need be said;
// `closed()` when the panel goes.
export function setUpAsking({ done, closed }) {
  let again = '';
  // What was said and need not be asked again.
  let said = [];

  // Opened twice for one ticket, what was said to these questions is no answer.
  function open(questions, ticket) {
    const problem = again === ticket ? 'That is not an answer to what was asked.' : '';
    said = again === ticket ? said.filter(({ question }) => questions.every(({ id }) => id !== question)) : [];
    again = '';
    $('asking-problem').textContent = problem;
    $('asking-problem').hidden = !problem;
    $('asked').replaceChildren(...questions.map(field));
    $('asking').hidden = false;
    $('asked').querySelector('input, select')?.focus();
    $('asking').dataset.ticket = ticket;
  }
  function close() {
    if ($('asking').hidden) return;
    $('asking').hidden = true;
    $('asked').replaceChildren();
    closed();
  }
  $('asking-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const answers = [...$('asked').children].map((item) => ({ question: item.dataset.question, value: value(item) }));
    said = [...said, ...answers];
    again = $('asking').dataset.ticket;
    close();
    done(said);
  });
  $('waive').addEventListener('click', () => {
    close();
    done(null);
  });
  $('asking-close').addEventListener('click', close);
  window.addEventListener('keydown', (event) => { if (event.key === 'Escape') close(); });
  return { open, close };
}

function field(question, at) {
  const item = document.createElement('div');
  item.dataset.question = question.id;
  const label = document.createElement('label');
  label.textContent = question.required ? question.text : `${question.text} (may be left open)`;
  label.htmlFor = `asked-${at}`;
  const input = control(question);
  input.id = label.htmlFor;
  item.append(label, input);
  return item;
}

function control({ kind, options }) {
  const choices = kind === 'YesNo' ? [['yes', 'Yes'], ['no', 'No']] : options;
  if (kind === 'YesNo' || kind === 'Choice' || kind === 'Choices') {
    const select = document.createElement('select');
    select.multiple = kind === 'Choices';
    if (!select.multiple) select.append(new Option('Choose', ''));
    for (const [id, text] of choices) select.append(new Option(text, id));
    return select;
  }
  const input = document.createElement('input');
  input.maxLength = 500;
  input.autocomplete = 'off';
  input.placeholder = HINTS[kind] ?? '';
  return input;
}

function value(item) {
  const input = item.querySelector('input, select');
  return input.multiple ? [...input.selectedOptions].map((option) => option.value).join(',') : input.value;
}
