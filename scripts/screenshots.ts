// Pictures of the console's main pages, at 390 and 1280, light and dark, of a local network that has gone once round
// the loop; and of the gallery of its parts. Usage: node scripts/screenshots.ts [FOLDER] (default .cache/screenshots)
// TILTH_BROWSER_NETWORK=FOLDER takes the network of a folder that `tilth up` made.
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createServer } from 'vite'
import { atRest, settled } from '../test/browser/harness/looks.ts'
import { goTo, openPage } from '../test/browser/harness/page.ts'
import { explorerPages, mainPages, pagePaths } from '../test/browser/harness/places.ts'
import { startWorld, stopWorld, world } from '../test/browser/harness/world.ts'

const root = join(import.meta.dirname, '..')
const folder = resolve(process.argv[2] ?? join(root, '.cache/screenshots'))
const widths = [390, 1280] as const
const schemes = ['light', 'dark'] as const

async function pages(): Promise<void> {
  const paths = await pagePaths()
  for (const width of widths) {
    for (const scheme of schemes) {
      const page = await openPage('host', { width, scheme })
      for (const name of [...mainPages, ...explorerPages]) {
        await goTo(page, paths[name])
        // Who one is comes with what the page is about to know of its node.
        await page.locator('.identity').waitFor()
        await settled(page)
        await page.screenshot({ path: join(folder, `${name}-${width}-${scheme}.png`), fullPage: true })
      }
      await page.context().close()
    }
  }
}

/** Every part in every state: a page of development builds, served as those are. */
async function gallery(): Promise<void> {
  const host = world().network.daemon('host')
  // What the development server passes calls on to.
  Object.assign(process.env, { TILTH_API: host.url, TILTH_TOKEN: host.token })
  const server = await createServer({
    root: join(root, 'web-console'),
    configFile: join(root, 'web-console/vite.config.ts'),
    logLevel: 'error',
    server: { port: 0, host: '127.0.0.1' }
  })
  await server.listen()
  const [url] = server.resolvedUrls?.local ?? []
  for (const width of widths) {
    for (const colorScheme of schemes) {
      const context = await world().browser.newContext({ viewport: { width, height: 900 }, colorScheme })
      const page = await context.newPage()
      await page.goto(new URL('/gallery', url).href)
      await page.locator('main').waitFor()
      // Parts that wait are among those that are shown, and wait for ever.
      await atRest(page)
      await page.screenshot({ path: join(folder, `gallery-${width}-${colorScheme}.png`), fullPage: true })
      await context.close()
    }
  }
  await server.close()
}

await mkdir(folder, { recursive: true })
await startWorld()
try {
  await pages()
  await gallery()
  console.log(`pictures are in ${folder}`)
} finally {
  await stopWorld()
}
process.exit()
