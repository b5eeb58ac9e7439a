import { describe, expect, it } from 'vitest';
import { actionTarget } from '../portal/actions';

const context = { project: 'aml-reporting', order: '2123659151274934789', serial: 'FX2600071182', task: 'mailing' };

describe('actions of the server lead to our pages', () => {
  it('goes on with the suggested task of a draft', () => {
    expect(actionTarget({ code: 'continue', label: '' }, context)).toEqual({
      to: { name: 'step', params: { project: 'aml-reporting', order: context.order, section: 'mailing', n: '1' } },
    });
  });
  it('opens no foreign scheme, whatever a server said', () => {
    expect(actionTarget({ code: 'view', label: '', href: 'javascript:alert(1)' }, context)).toBeNull();
    expect(actionTarget({ code: 'view', label: '', href: '//evil.example' }, context)).toBeNull();
    expect(actionTarget({ code: 'track_courier', label: '', href: 'https://courier.example/1' }, context)).toEqual({ href: 'https://courier.example/1' });
  });
  it('leaves what is not a place to the page', () => {
    expect(actionTarget({ code: 'cancel', label: '' }, context)).toBeNull();
  });
});
