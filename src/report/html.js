'use strict';
const form = document.getElementById('filters');
const findings = [...document.querySelectorAll('article[data-severity]')];
const count = document.getElementById('shown');
function apply() {
  const wanted = Object.fromEntries(new FormData(form));
  let shown = 0;
  for (const finding of findings) {
    const fits = ['severity', 'policy', 'status', 'account'].every((key) => !wanted[key] || finding.dataset[key] === wanted[key]);
    finding.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  count.textContent = `${shown} of ${findings.length} findings shown`;
}
if (form) {
  form.hidden = false;
  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(apply));
  apply();
}
for (const command of document.querySelectorAll('pre')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(command);
      button.textContent = 'Selected';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  command.before(button);
}
