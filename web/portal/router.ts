import { createRouter, createWebHistory, type RouteLocationRaw, type RouteRecordRaw } from 'vue-router';
import { knowSession, session } from './session';

declare module 'vue-router' {
  interface RouteMeta {
    /** Only for who is signed in; others sign in first and come back to the same place. */
    signedIn?: boolean;
    nav?: 'front' | 'orders' | 'keys' | 'invoices' | 'help';
  }
}

const applicant = { signedIn: true };

const inProject: RouteRecordRaw[] = [
  { path: '', name: 'front', component: () => import('./pages/FrontPage.vue'), meta: { nav: 'front' } },
  { path: 'guide/:type', name: 'guide', component: () => import('./pages/GuidePage.vue'), meta: { nav: 'front' } },
  { path: 'sign-in', name: 'sign-in', component: () => import('./pages/SignInPage.vue') },
  { path: 'orders', name: 'orders', component: () => import('./pages/OrdersPage.vue'), meta: { ...applicant, nav: 'orders' } },
  { path: 'orders/:order(\\d{19})', name: 'order', component: () => import('./pages/OrderPage.vue'), meta: { ...applicant, nav: 'orders' } },
  { path: 'orders/:order(\\d{19})/check', name: 'check', component: () => import('./pages/CheckPage.vue'), meta: { ...applicant, nav: 'orders' } },
  { path: 'orders/:order(\\d{19})/done', name: 'done', component: () => import('./pages/DonePage.vue'), meta: { ...applicant, nav: 'orders' } },
  { path: 'orders/:order(\\d{19})/pay', name: 'pay', component: () => import('./pages/PayPage.vue'), meta: { ...applicant, nav: 'orders' } },
  { path: 'orders/:order(\\d{19})/:section([a-z_]+)/:n(\\d+)', name: 'step', component: () => import('./pages/StepPage.vue'), meta: { ...applicant, nav: 'orders' } },
  { path: 'keys', name: 'keys', component: () => import('./pages/KeysPage.vue'), meta: { ...applicant, nav: 'keys' } },
  { path: 'keys/:serial', name: 'key', component: () => import('./pages/KeyPage.vue'), meta: { ...applicant, nav: 'keys' } },
  { path: 'keys/:serial/:job(activate|change-pin|diagnose|identify)', name: 'key-job', component: () => import('./pages/KeyJobPage.vue'), meta: { ...applicant, nav: 'keys' } },
  { path: 'invoices', name: 'invoices', component: () => import('./pages/InvoicesPage.vue'), meta: { ...applicant, nav: 'invoices' } },
  { path: 'messages', name: 'messages', component: () => import('./pages/MessagesPage.vue'), meta: applicant },
  { path: 'help', name: 'help', component: () => import('./pages/HelpPage.vue'), meta: { nav: 'help' } },
  { path: 'client', name: 'client', component: () => import('./pages/ClientPage.vue'), meta: { nav: 'help' } },
  { path: ':kind(privacy|accessibility)', name: 'text', component: () => import('./pages/TextPage.vue') },
  { path: 'agreement/:version?', name: 'agreement', component: () => import('./pages/TextPage.vue') },
  { path: ':rest(.*)+', name: 'lost-here', component: () => import('./pages/LostPage.vue') },
];

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'chooser', component: () => import('./pages/ChooserPage.vue') },
    { path: '/agent/finish', name: 'finish', component: () => import('./pages/FinishPage.vue') },
    { path: '/:project([a-z0-9-]+)', component: () => import('./ProjectFrame.vue'), children: inProject },
    { path: '/:rest(.*)*', name: 'lost', component: () => import('./pages/LostPage.vue') },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

router.beforeEach(async (to) => {
  await knowSession();
  const { project } = to.params as { project: string };
  if (to.name === 'sign-in' && session.value?.signed_in) return nextPlace(to.query.next, project);
  if (!to.meta.signedIn || session.value?.signed_in) return true;
  return { name: 'sign-in', params: { project }, query: { next: to.fullPath } };
});

/** Where to go after signing in: the place that was wanted, if it is one of this project. */
export function nextPlace(next: unknown, project: string): RouteLocationRaw {
  const own = typeof next === 'string' && next.startsWith(`/${project}/`);
  return own ? next : { name: 'orders', params: { project } };
}
