import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPages, takeProblems } from './harness/page.ts'
import { startWorld, stopWorld } from './harness/world.ts'

/** Where the pages of a failed test can be looked at. */
const pictures = join(tmpdir(), 'tilth-browser-failures')

async function takePictures(name: string): Promise<void> {
  await mkdir(pictures, { recursive: true })
  for (const [i, page] of openPages().entries()) {
    const path = join(pictures, `${name.replaceAll(/\W+/g, '-').slice(0, 80)}-${i}.png`)
    await page.screenshot({ path, timeout: 5_000 }).catch(() => undefined) // a page that hangs has none
    process.stderr.write(`      ${page.url()} looked like ${path}\n`)
  }
}

/** Of all tests, each with what it was: one that fails in a hook after each would end all that follow. */
const problems: string[] = []

/** Before the first test a network goes once round the loop; no page of any test may have had a problem. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(400_000)
    await startWorld()
  },
  async afterEach(this: Mocha.Context) {
    const test = this.currentTest
    if (test?.isFailed() === true) await takePictures(test.fullTitle())
    const found = takeProblems().map(problem => `${test?.fullTitle()}: ${problem}`)
    for (const problem of found) process.stderr.write(`      ${problem}\n`)
    problems.push(...found)
  },
  async afterAll(this: Mocha.Context) {
    this.timeout(60_000)
    await stopWorld()
    assert.deepEqual(problems, [], 'pages had problems')
  }
}
