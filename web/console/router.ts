import { createRouter, createWebHistory } from 'vue-router';
import { knowSession, session } from './session';

export const router = createRouter({
  history: createWebHistory('/console'),
  routes: [
    { path: '/sign-in', name: 'sign-in', component: () => import('./pages/SignInPage.vue') },
    {
      path: '/',
      component: () => import('./ConsoleFrame.vue'),
      children: [
        { path: '', component: () => import('./pages/WorkPage.vue'), beforeEnter: () => session.value?.home?.replace(/^\/console/, '') || '/work' },
        { path: 'work', name: 'work', component: () => import('./pages/WorkPage.vue') },
        { path: 'intake', component: () => import('./pages/IntakePage.vue') },
        { path: 'intake/:id', component: () => import('./pages/ImportPage.vue') },
        { path: 'bench/:order?', component: () => import('./pages/BenchPage.vue') },
        { path: 'stock', component: () => import('./pages/StockPage.vue') },
        { path: 'packing/:order?', component: () => import('./pages/PackingPage.vue') },
        { path: 'shipping/:order?', component: () => import('./pages/ShippingPage.vue') },
        { path: 'name-changes/:id', component: () => import('./pages/NameChangePage.vue') },
        { path: 'finance/payments', component: () => import('./pages/PaymentsPage.vue') },
        { path: 'finance/invoices', component: () => import('./pages/InvoicesPage.vue') },
        { path: 'finance/invoices/:id', component: () => import('./pages/InvoiceBatchPage.vue') },
        { path: 'finance/ledger', component: () => import('./pages/LedgerPage.vue') },
        { path: 'certificates', component: () => import('./pages/CertificatesPage.vue') },
        { path: 'certificates/:serial', component: () => import('./pages/CertificatePage.vue') },
        { path: 'approvals/:id', component: () => import('./pages/ApprovalPage.vue') },
        { path: 'orders', component: () => import('./pages/OrdersPage.vue') },
        { path: 'orders/:order', component: () => import('./pages/OrderPage.vue') },
        { path: 'keys', component: () => import('./pages/KeysPage.vue') },
        { path: 'keys/:serial', component: () => import('./pages/KeyPage.vue') },
        { path: 'notices', component: () => import('./pages/NoticesPage.vue') },
        { path: 'audit', component: () => import('./pages/AuditPage.vue') },
        { path: 'outbox', component: () => import('./pages/OutboxPage.vue') },
        { path: 'search', name: 'search', component: () => import('./pages/SearchPage.vue') },
        { path: ':rest(.*)*', name: 'lost', component: () => import('./pages/LostPage.vue') },
      ],
    },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

router.beforeEach(async (to) => {
  await knowSession();
  if (to.name === 'sign-in' || session.value?.signed_in) return true;
  return { name: 'sign-in', query: to.path === '/' ? {} : { next: to.fullPath } };
});
