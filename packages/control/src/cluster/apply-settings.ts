import { hostname } from 'node:os';
import { contradictions } from '../contradictions.js';
import type { NodeDocument } from '../node-schema.js';
import { allParts } from '../parse-node-config.js';
import { pathText } from '../path-text.js';
import type { Candidates } from './candidates.js';
import { type SettingName, settingNames } from './cluster-key.js';

/**
 * weir.yaml with the settings of etcd in place of its own sections, one after the other: one that the rest of the
 * document contradicts leaves the section as it was.
 */
export function applySettings(document: NodeDocument, candidates: Candidates): NodeDocument {
  const withSettings = settingNames.reduce((before, name) => applySetting(before, name, candidates), document);
  return applyNodeState(withSettings, candidates);
}

function applySetting(before: NodeDocument, name: SettingName, candidates: Candidates): NodeDocument {
  const key = `settings/${name}`;
  for (;;) {
    const entry = candidates.entries.get(key);
    if (entry?.kind !== 'setting') return before;
    const after = replaced(before, name, entry.value);
    const problem = after === undefined ? 'has no meaning for a node without the section bgp' : problemOf(after);
    if (after !== undefined && problem === undefined) return after;
    candidates.reject(key, problem as string);
  }
}

/** Undefined: the document has no place for it. */
function replaced(document: NodeDocument, name: SettingName, value: unknown): NodeDocument | undefined {
  switch (name) {
    case 'guard':
      return { ...document, guard: value as NodeDocument['guard'] };
    case 'timeouts': {
      const timeouts = value as NodeDocument['dataplane']['timeouts'];
      return { ...document, dataplane: { ...document.dataplane, timeouts } };
    }
    case 'announce': {
      const announce = value as NonNullable<NodeDocument['bgp']>['announce'];
      return document.bgp && { ...document, bgp: { ...document.bgp, announce } };
    }
    case 'nodes':
      return { ...document, nodes: value as NonNullable<NodeDocument['nodes']> };
  }
}

function problemOf(document: NodeDocument): string | undefined {
  const [found] = contradictions(allParts(document));
  return found && `with it, ${pathText(found.path)} ${found.message}`;
}

function applyNodeState(document: NodeDocument, candidates: Candidates): NodeDocument {
  const entry = candidates.entries.get(`node-states/${document.node.name ?? hostname()}`);
  if (entry?.kind !== 'node-state') return document;
  return { ...document, node: { ...document.node, state: entry.value.state } };
}
