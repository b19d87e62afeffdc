import type { Page } from 'playwright-core'
import { world } from './world.ts'

export interface PageOptions {
  /** Where it opens, after the daemon's address. */
  readonly path?: string
  readonly width?: number
  readonly height?: number
  readonly scheme?: 'light' | 'dark'
  readonly isReduced?: boolean
  /** Runs in the page before anything else: an injected wallet. */
  readonly init?: string
}

/** What no page may do: errors of scripts, words of the policy, anything asked of somebody else. */
const problems = new Map<Page, string[]>()
const allowed = new Map<Page, RegExp[]>()

/** Pages that are open, for a picture of each when a test fails. */
export const openPages = (): Page[] => [...problems.keys()].filter(page => !page.isClosed())

/** Takes a problem as what the test is about: a daemon that was killed refuses connections. */
export function allow(page: Page, problem: RegExp): void {
  allowed.set(page, [...(allowed.get(page) ?? []), problem])
}

function watch(page: Page, origin: string): void {
  // A member's page may go to another member's console.
  const origins = [origin, ...world().network.daemons.map(({ url }) => url)].map(url => `${url}/`)
  const found: string[] = []
  problems.set(page, found)
  page.on('pageerror', error => found.push(`uncaught: ${error.message}`))
  page.on('console', message => {
    // A refusal of the API is an answer, which the page tells; a fault of the daemon is none.
    if (/responded with a status of (?!500)/.test(message.text())) return
    if (message.type() === 'error' || /Content.Security.Policy/i.test(message.text()))
      found.push(`${message.type()}: ${message.text()} (${message.location().url})`)
  })
  page.on('request', request => {
    const url = request.url()
    if (![...origins, 'data:', 'blob:'].some(start => url.startsWith(start))) found.push(`asks somebody else: ${url}`)
  })
}

/** What pages did since the last time that none may. */
export function takeProblems(): string[] {
  const all: string[] = []
  for (const [page, found] of problems) {
    const given = allowed.get(page) ?? []
    all.push(...found.splice(0).filter(problem => !given.some(pattern => pattern.test(problem))))
    if (page.isClosed()) problems.delete(page)
  }
  return all
}

/** A page of an address that signs in, in a browser of its own. Close it with `page.context().close()`. */
export async function openAt(address: string, origin: string, options: PageOptions = {}): Promise<Page> {
  const { width = 1280, height = 900, scheme = 'light', isReduced = true, init, path } = options
  const context = await world().browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: isReduced ? 'reduce' : 'no-preference',
    locale: 'en-GB'
  })
  if (init !== undefined) await context.addInitScript(init)
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  watch(page, origin)
  const { hash } = new URL(address)
  await page.goto(`${origin}${path ?? '/'}${hash}`)
  await page.locator('main').waitFor()
  return page
}

/** The same of a member's console. */
export async function openPage(member: string, options: PageOptions = {}): Promise<Page> {
  const { api, url } = world().network.daemon(member)
  const signIn = await api.call('createSession', { body: { seconds: 120 } })
  return openAt(signIn.url, url, options)
}

/** Goes to a page by its address, as a link of the console does: without loading anew. */
export async function goTo(page: Page, path: string): Promise<void> {
  await page.goto(new URL(path, page.url()).href)
  await page.locator('main').waitFor()
}
