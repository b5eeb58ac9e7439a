import { describe, expect, it } from 'vitest';
import { labelCells } from '../console/directives/cards';

function table(head: string, body: string): HTMLTableElement {
  const made = document.createElement('table');
  made.innerHTML = `<thead><tr>${head}</tr></thead><tbody>${body}</tbody>`;
  labelCells(made);
  return made;
}
const titles = (made: HTMLTableElement): (string | null)[] => [...made.querySelectorAll('tbody td')].map((cell) => cell.getAttribute('data-title'));

describe('tables whose rows are cards where it is narrow', () => {
  it('tell each cell which column it is of', () => {
    expect(titles(table('<th>Due</th><th> State </th>', '<tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr>'))).toEqual(['Due', 'State', 'Due', 'State']);
  });
  it('say nothing for a column whose head is for screen readers only', () => {
    expect(titles(table('<th>Due</th><th><span class="hidden-text">Open</span></th>', '<tr><td>1</td><td>2</td></tr>'))).toEqual(['Due', '']);
  });
  it('follow the language of the head', () => {
    const made = table('<th>到期</th>', '<tr><td>1</td></tr>');
    made.querySelector('th')!.textContent = 'Due';
    labelCells(made);
    expect(titles(made)).toEqual(['Due']);
  });
  it('stay tables for who hears them', () => {
    const made = table('<th>Due</th>', '<tr><td>1</td></tr>');
    expect([made, ...made.querySelectorAll('tr, th, td')].map((part) => part.getAttribute('role'))).toEqual(['table', 'row', 'columnheader', 'row', 'cell']);
  });
});
