// The window's title: what the page is, then where. "错误：" in front while something must be mended (WCAG 2.4.2).
import { watchEffect } from 'vue';
import { useI18n } from 'vue-i18n';

export function useTitle(title: () => string | undefined, wrong: () => boolean = () => false): void {
  const { t } = useI18n();
  watchEffect(() => {
    const text = title();
    const name = t('app.name');
    document.title = (wrong() ? t('app.wrong') : '') + (text ? `${text} · ${name}` : name);
  });
}
