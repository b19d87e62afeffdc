import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'

// The project's own documents as a site: `npm run docs:site`. Nothing is written twice: pages are the files that stand
// in the repository, under the names they have there.

const roles = ['host', 'contributor', 'validator', 'builder', 'worker', 'client', 'settler']
const root = resolve(import.meta.dirname, '../../..')
const title = (name: string): string => name[0]?.toUpperCase() + name.slice(1)

export default defineConfig({
  title: 'Tilth',
  description: 'A peer-to-peer network in which communities grow small language models.',
  srcDir: '../..',
  srcExclude: [
    'node_modules/**',
    'docs/site/**',
    'web-console/**',
    'daemon/assets/*/!(README).md',
    'test/vectors/**',
    'dist/**'
  ],
  outDir: '../../dist/site',
  cacheDir: '../../dist/.site-cache',
  rewrites: { 'README.md': 'index.md' },
  // What is no page, such as the licence, is read in the repository; it has to be there.
  ignoreDeadLinks: [
    (link: string) =>
      existsSync(resolve(root, link.replace(/^[./]+/, ''))) || existsSync(resolve(root, 'test/bench', link))
  ],
  // Pages lie outside this folder, where nothing else is installed.
  vite: {
    resolve: {
      alias: ['vue/server-renderer', 'vue'].map(find => ({
        find: new RegExp(`^${find}$`),
        replacement: fileURLToPath(import.meta.resolve(find))
      }))
    }
  },
  cleanUrls: false,
  lastUpdated: false,
  // Braces in headings are places of paths, not attributes.
  markdown: { attrs: { disable: true } },
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Start', link: '/' },
      { text: 'Roles', link: '/docs/roles/contributor' },
      { text: 'API', link: '/docs/API' },
      { text: 'Fairness', link: '/FAIRNESS' }
    ],
    sidebar: [
      {
        text: 'Start',
        items: [
          { text: 'What it is', link: '/' },
          { text: 'Changes', link: '/CHANGELOG' }
        ]
      },
      { text: 'Roles', items: roles.map(role => ({ text: title(role), link: `/docs/roles/${role}` })) },
      {
        text: 'Reference',
        items: [
          { text: 'HTTP API', link: '/docs/API' },
          { text: 'Limits', link: '/docs/LIMITS' },
          { text: 'Engines of your own', link: '/docs/ENGINES' },
          { text: 'Other peers of IPFS', link: '/docs/PEERS' },
          { text: 'The client library', link: '/docs/client' },
          { text: 'Scale', link: '/SCALE' },
          { text: 'Benchmarks', link: '/test/bench/BENCHMARKS' }
        ]
      },
      {
        text: 'How it works',
        items: [
          { text: 'Architecture', link: '/ARCHITECTURE' },
          { text: 'Who is paid what', link: '/FAIRNESS' },
          { text: 'Security', link: '/SECURITY' },
          { text: 'Contributing', link: '/CONTRIBUTING' }
        ]
      }
    ]
  }
})
