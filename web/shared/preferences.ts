// Choices kept in this browser: language, large type, dark console.
type Preference = 'language' | 'large' | 'dark' | 'shortcuts';

/** A kept choice; null where nothing is kept or the browser forbids keeping. */
export function recall(name: Preference): string | null {
  try {
    return localStorage.getItem(`certhall.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: Preference, value: string): void {
  try {
    localStorage.setItem(`certhall.${name}`, value);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

/** Large type (brief §5): everything is in rem, so one class does it. */
export function showLarge(on: boolean): void {
  document.documentElement.classList.toggle('large', on);
}

export function showDark(on: boolean): void {
  document.documentElement.classList.toggle('dark', on);
}
