// `v-cards` on a table: where the page is narrow its rows are cards (console.css), and each cell says which column it is
// of. The words come from the table's own head, so that they follow its language; the roles are said outright, since a
// browser may forget them when rows and cells are no longer laid out as a table.
import type { Directive } from 'vue';

const roles: [string, string][] = [['thead, tbody', 'rowgroup'], ['tr', 'row'], ['thead th', 'columnheader'], ['tbody th', 'rowheader'], ['td', 'cell']];

/** What a column is called; nothing where the head has words for screen readers only. */
function titleOf(head: Element): string {
  return head.querySelector('.hidden-text') ? '' : (head.textContent?.trim() ?? '');
}

export function labelCells(table: HTMLElement): void {
  const titles = [...table.querySelectorAll('thead th')].map(titleOf);
  table.setAttribute('role', 'table');
  for (const [which, role] of roles) for (const part of table.querySelectorAll(which)) part.setAttribute('role', role);
  for (const row of table.querySelectorAll('tbody tr')) {
    [...row.children].forEach((cell, i) => cell.setAttribute('data-title', titles[i] ?? ''));
  }
}

export const vCards: Directive<HTMLElement> = { mounted: labelCells, updated: labelCells };

declare module 'vue' {
  interface GlobalDirectives {
    vCards: typeof vCards;
  }
}
