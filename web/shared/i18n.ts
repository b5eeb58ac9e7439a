// The language of the page: zh-CN first, en. Status texts come from the server; these files hold the page's own words.
import { createI18n } from 'vue-i18n';
import { carried } from './api/client';
import { recall, remember } from './preferences';
import en from './texts/en.json';
import zh from './texts/zh-CN.json';

export type Language = 'zh-CN' | 'en';
type Text = string | { [key: string]: Text } | Text[];
type Texts = { [key: string]: Text };

function firstLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? recall('language');
  if (asked === 'en' || asked === 'zh-CN') return asked;
  return navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh-CN';
}

function show(language: Language): void {
  document.documentElement.lang = language;
  carried.language = language;
}

/** Makes the page's i18n from the shared texts and its own. */
export function makeI18n(own: Record<Language, Texts>) {
  const locale = firstLanguage();
  show(locale);
  return createI18n({
    legacy: false,
    locale,
    fallbackLocale: 'zh-CN',
    messages: { 'zh-CN': { ...zh, ...own['zh-CN'] }, en: { ...en, ...own.en } },
  });
}

/** Remembers and shows a language; the caller sets the locale of vue-i18n. */
export function chooseLanguage(language: Language): Language {
  remember('language', language);
  show(language);
  return language;
}
