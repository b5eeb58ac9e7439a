// The project of the address: name, notices, contact and what it offers. Pages know nothing else about a project.
import { inject, type InjectionKey, type ShallowRef } from 'vue';
import type { Schemas } from '@shared/api/client';

export type Project = Schemas['Project'];

export const projectKey: InjectionKey<ShallowRef<Project | undefined>> = Symbol('project');

/** Inside pages below `/:project` the frame has loaded it before it shows the page. */
export function useProject(): ShallowRef<Project | undefined> {
  const project = inject(projectKey);
  if (!project) throw new Error('useProject outside the frame');
  return project;
}
