// The server says what can be done; this says where. Words come with the action.
import type { RouteLocationRaw } from 'vue-router';
import type { Schemas } from '@shared/api/client';

export type Action = Schemas['Action'];

export interface ActionContext {
  project: string;
  order?: string;
  serial?: string;
  /** The task a draft goes on with. */
  task?: string;
}

export type Target = { to: RouteLocationRaw } | { href: string } | null;

function orderTarget(name: string, { project, order }: ActionContext): Target {
  return order ? { to: { name, params: { project, order } } } : null;
}

function keyTarget(job: string, { project, serial }: ActionContext): Target {
  return serial ? { to: { name: 'key-job', params: { project, serial, job } } } : { to: { name: 'keys', params: { project } } };
}

function taskTarget(context: ActionContext): Target {
  const { project, order, task } = context;
  if (!order || !task || task === 'check') return orderTarget(task === 'check' ? 'check' : 'order', context);
  return { to: { name: 'step', params: { project, order, section: task, n: '1' } } };
}

/** Only our own places and https: whatever a server said, a page opens nothing else. */
function safeHref(href: string): Target {
  return /^(\/(?!\/)|https:\/\/)/.test(href) ? { href } : null;
}

/** Where an action leads; null when it is not a place (the page handles it itself). */
export function actionTarget(action: Action, context: ActionContext): Target {
  if (action.href) return safeHref(action.href);
  const { project } = context;
  switch (action.code) {
    case 'continue':
      return taskTarget(context);
    case 'check':
    case 'pay':
      return orderTarget(action.code, context);
    case 'view':
      return orderTarget('order', context);
    case 'log_in':
      return { to: { name: 'sign-in', params: { project } } };
    case 'install_client':
      return { to: { name: 'client', params: { project } } };
    case 'activate':
      return keyTarget('activate', context);
    case 'change_pin':
      return keyTarget('change-pin', context);
    case 'invoice_download':
      return { to: { name: 'invoices', params: { project } } };
    case 'apply':
    case 'apply_again':
      return { to: { name: 'front', params: { project } } };
    case 'contact':
      return { to: { name: 'help', params: { project } } };
    default:
      return null;
  }
}
