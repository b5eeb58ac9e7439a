import { createApp } from 'vue';
import { makeI18n } from '@shared/i18n';
import { recall, showDark, showLarge } from '@shared/preferences';
import 'element-plus/es/components/base/style/css';
import '@shared/styles/tokens.css';
import '@shared/styles/element.css';
import '@shared/styles/base.css';
import './console.css';
import App from './App.vue';
import { vCards } from './directives/cards';
import { router } from './router';
import en from './texts/en.json';
import zh from './texts/zh-CN.json';

showLarge(recall('large') === 'yes');
showDark(recall('dark') === 'yes');
createApp(App).use(makeI18n({ 'zh-CN': zh, en })).use(router).directive('cards', vCards).mount('#app');
