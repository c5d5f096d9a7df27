import { Document } from 'yaml';
import type { Loss } from '../glb-losses.js';

/** Sections of a weir.yaml that came from elsewhere. */
export type ImportedSections = Readonly<Record<string, unknown>>;

/**
 * The text of a weir.yaml whose head says where it came from and what could not be carried over.
 * @param source  the file that it was made of
 */
export function importDocument(source: string, sections: ImportedSections, losses: readonly Loss[]): string {
  const document = new Document(sections);
  const head = [
    `Made of ${source} by weirctl import. To be added: node.interfaces, and how VIPs are announced where neither bgp nor vrrp is here.`,
    ...(losses.length === 0 ? [] : ['Not carried over:']),
    ...losses.map(({ path, message }) => `  ${path}: ${message}`),
  ];
  document.commentBefore = head.map((line) => ` ${line}`).join('\n');
  return document.toString({ lineWidth: 0 });
}
