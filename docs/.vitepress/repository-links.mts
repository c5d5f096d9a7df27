import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';

/**
 * Links that lead out of docs/, such as ../deploy/prometheus/weir.rules.yaml, are of use where the repository is read.
 * The site has no such files: there they become the path in the repository, and one that does not exist fails the build.
 *
 * @param docs  absolute path of docs/
 */
export function repositoryLinks(markdown: MarkdownRenderer, docs: string): void {
  const root = resolve(docs, '..');
  markdown.core.ruler.push('repository_links', (state) => {
    for (const { children } of state.tokens) {
      if (children === null) continue;
      let outside: string | undefined;
      for (const token of children) {
        if (token.type === 'link_open') {
          const href = token.attrGet('href') ?? '';
          outside = href.startsWith('../') ? relative(root, resolve(docs, href.replace(/#.*/, ''))) : undefined;
          if (outside === undefined) continue;
          if (!existsSync(resolve(root, outside))) throw new Error(`${href}: there is no such file in the repository`);
          token.tag = 'span';
          token.attrs = [
            ['class', 'in-repository'],
            ['title', `in the repository: ${outside}`],
          ];
        } else if (token.type === 'link_close' && outside !== undefined) {
          token.tag = 'span';
          outside = undefined;
        }
      }
    }
  });
}
