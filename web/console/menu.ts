// The menu comes from the server and holds only what the roles may do; this says which address and picture a page has.
import { Award, BookOpenCheck, Boxes, Cpu, FileInput, FileText, Inbox, Landmark, Megaphone, MessageSquareText, PackageCheck, Receipt, Scale, ShieldCheck, Truck, Usb } from '@lucide/vue';
import type { Component } from 'vue';
import type { Schemas } from '@shared/api/client';

export type Page = Schemas['Menu']['groups'][number]['items'][number]['page'];

export const pages: Record<Page, { path: string; icon: Component }> = {
  work: { path: '/work', icon: Inbox },
  intake: { path: '/intake', icon: FileInput },
  bench: { path: '/bench', icon: Cpu },
  stock: { path: '/stock', icon: Boxes },
  packing: { path: '/packing', icon: PackageCheck },
  shipping: { path: '/shipping', icon: Truck },
  finance_payments: { path: '/finance/payments', icon: Landmark },
  finance_invoices: { path: '/finance/invoices', icon: Receipt },
  finance_ledger: { path: '/finance/ledger', icon: Scale },
  certificates: { path: '/certificates', icon: Award },
  orders: { path: '/orders', icon: FileText },
  keys: { path: '/keys', icon: Usb },
  notices: { path: '/notices', icon: Megaphone },
  audit: { path: '/audit', icon: BookOpenCheck },
  outbox: { path: '/outbox', icon: MessageSquareText },
};

export const fallbackIcon = ShieldCheck;
