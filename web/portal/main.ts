import { createApp } from 'vue';
import { makeI18n } from '@shared/i18n';
import { recall, showLarge } from '@shared/preferences';
import '@shared/styles/tokens.css';
import '@shared/styles/base.css';
import './portal.css';
import App from './App.vue';
import { router } from './router';
import en from './texts/en.json';
import zh from './texts/zh-CN.json';

showLarge(recall('large') === 'yes');
createApp(App).use(makeI18n({ 'zh-CN': zh, en })).use(router).mount('#app');
