import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { repositoryLinks } from './repository-links.mts';
import { sidebar } from './sidebar.mts';

const docs = fileURLToPath(new URL('..', import.meta.url));

/** The documentation as a site: `npm run docs` writes it to build/docs, `npm run docs:dev` serves it while pages are written. */
export default defineConfig({
  title: 'Weir',
  description: 'A distributed layer-4 load balancer with its forwarding in the kernel',
  lang: 'en',
  outDir: '../build/docs',
  base: process.env.WEIR_DOCS_BASE ?? '/',
  cleanUrls: false,
  // A link to a page or heading that is not there fails the build; that is the default, and stays so.
  ignoreDeadLinks: false,
  lastUpdated: false,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/weir.svg' }]],
  markdown: {
    theme: { light: 'github-light', dark: 'github-dark' },
    languageAlias: { frr: 'ini', 'frr-bfd': 'ini' },
    config: (markdown) => {
      markdown.use(repositoryLinks, docs);
    },
  },
  themeConfig: {
    logo: '/weir.svg',
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    nav: [
      { text: 'Quick start', link: '/quick-start' },
      { text: 'Install', link: '/install-by-hand' },
      { text: 'Operate', link: '/operations' },
      { text: 'Troubleshooting', link: '/troubleshooting' },
      { text: 'Reference', link: '/configuration' },
    ],
    sidebar,
    docFooter: { prev: 'Before', next: 'Next' },
  },
});
