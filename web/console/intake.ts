// Sending a signed list: the file, its signature, and the reasons for warnings that are overridden.
import { api, need, type Problem, type Schemas } from '@shared/api/client';

export type ImportBatch = Schemas['ImportBatch'];

export interface ImportForm {
  project: string;
  file: File;
  signature: File;
  /** Reasons by `overrideKey`. */
  reasons: Record<string, string>;
}

export function overrideKey({ row, code }: Pick<Problem, 'row' | 'code'>): string {
  return `${row ?? 0} ${code}`;
}

/** The `overrides` of the call: those of the asked problems that have a reason. */
export function overridesOf(reasons: Record<string, string>): { row: number; code: string; reason: string }[] {
  return Object.entries(reasons).flatMap(([key, reason]) => {
    const [row, code] = key.split(' ');
    return code && reason.trim() ? [{ row: Number(row), code, reason: reason.trim() }] : [];
  });
}

export function multipart(form: ImportForm, dryRun: boolean): FormData {
  const data = new FormData();
  data.set('project', form.project);
  data.set('dry_run', String(dryRun));
  const overrides = overridesOf(form.reasons);
  if (overrides.length) data.set('overrides', JSON.stringify(overrides));
  data.set('file', form.file);
  data.set('signature', form.signature);
  return data;
}

export function sendImport(form: ImportForm, dryRun: boolean): Promise<ImportBatch> {
  const data = multipart(form, dryRun);
  // The generator types files as strings; what goes out is the form made here.
  const body = {} as Schemas['ImportUpload'];
  return need(api.POST('/console/imports', { body, bodySerializer: () => data }));
}

/** Lines that can be pasted into a sheet or a mail, for whoever has to mend the list. */
export function problemLines(problems: Problem[]): string {
  return problems.map(({ row, column, value, message }) => [row ?? '', column ?? '', value ?? '', message].join('\t')).join('\n');
}
