import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
let axe: string | undefined

/** What a theme changes is colours: axe's other rules find in one what they find in the other. */
const ofColours = ['color-contrast', 'link-in-text-block']

/** What axe finds serious or critical, in words: the rule, and where. @param only these rules, or else all */
async function axeFaults(page: Page, only?: readonly string[]): Promise<string[]> {
  // Its half a megabyte is read once for each page that is loaded.
  if (await page.evaluate("typeof axe === 'undefined'")) await page.evaluate((axe ??= await readFile(axePath, 'utf8')))
  const options = { resultTypes: ['violations'], ...(only && { runOnly: { type: 'rule', values: only } }) }
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`)
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map(node => `${id}: ${help}: ${node.html.slice(0, 160)}`))
}

/** Nothing that waits to be shown: what is looked at is the page, not its skeleton. */
export async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null)
  await page.evaluate(() => document.fonts.ready.then(() => undefined))
  await atRest(page)
}

/** Nothing that is on its way to another colour or place: what axe sees then is neither. */
export async function atRest(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = (): Promise<unknown> => new Promise(requestAnimationFrame)
    await frame()
    await frame()
    const moving = document
      .getAnimations()
      .filter(({ effect }) => effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
    await Promise.allSettled(moving.map(({ finished }) => finished))
    await frame()
  })
}

/** @throws AssertionError with what axe finds serious or critical, light or dark */
export async function assertAccessible(page: Page): Promise<void> {
  await settled(page)
  const faults: string[] = []
  for (const [colorScheme, only] of [
    ['dark', ofColours],
    ['light', undefined]
  ] as const) {
    await page.emulateMedia({ colorScheme })
    await atRest(page)
    faults.push(...(await axeFaults(page, only)).map(fault => `${colorScheme}: ${fault}`))
  }
  assert.deepEqual(faults, [], new URL(page.url()).pathname)
}

export const widths = [390, 768, 1280, 1920] as const

/** @throws AssertionError where the page is wider than its window */
export async function assertNoSidewaysScroll(page: Page): Promise<void> {
  await settled(page)
  const before = page.viewportSize() ?? { width: 1280, height: 900 }
  for (const width of widths) {
    await page.setViewportSize({ width, height: before.height })
    const [scroll, client] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth
    ])
    assert.ok((scroll ?? 0) <= (client ?? 0), `${new URL(page.url()).pathname} is ${scroll} wide at ${width}`)
  }
  await page.setViewportSize(before)
}
