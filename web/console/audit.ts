// What a row of the audit is about: "order:2235044567617372160" is a kind and a number; kinds are told by words.
const kinds = ['account', 'approval', 'audit', 'batch', 'certificate', 'import', 'institution', 'invoice', 'job', 'notice', 'order', 'partner', 'project', 'staff', 'ukey'] as const;

export interface AuditObject {
  /** Empty where it is none that has a word: then `id` is the whole. */
  kind: (typeof kinds)[number] | '';
  id: string;
}

export function auditObject(object: string): AuditObject {
  const at = object.indexOf(':');
  const kind = kinds.find((one) => one === (at < 0 ? object : object.slice(0, at)));
  if (!kind) return { kind: '', id: object };
  return { kind, id: at < 0 ? '' : object.slice(at + 1) };
}
