import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { BackendView } from '../../daemon/api/contract/index.ts'
import { places } from '../../web-console/app/places.ts'
import { assertAccessible, assertNoSidewaysScroll, imitate, openAt, openPage, world } from './harness/index.ts'

const base = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
const server: BackendView = {
  name: 'rack',
  url: 'http://10.0.0.2:8000',
  base,
  kind: 'vllm',
  state: 'ready',
  error: null,
  can: { promptIds: true, tokenIds: true, logprobs: 20, adapters: 'loaded' },
  model: 'a-model-of-theirs',
  context: 4096,
  concurrency: 32,
  running: 3,
  answers: 412,
  tokens: 9_031,
  failures: 1,
  checked: [
    {
      adapter: '',
      at: Date.now() - 60_000,
      tokens: { same: 8, of: 8 },
      answers: { same: 61, of: 64, mean: 0.0132, largest: 0.2 },
      why: null
    }
  ],
  key: 'environment',
  keyVariable: 'TILTH_BACKEND_RACK_API_KEY'
}
const refused: BackendView = {
  ...server,
  name: 'other',
  kind: 'ollama',
  state: 'refused',
  error: { code: 'backend-disagrees', message: 'it answers as other weights would', help: 'See which it has loaded.' },
  can: { promptIds: false, tokenIds: false, logprobs: null, adapters: 'named' },
  checked: [{ adapter: base, at: 1, tokens: { same: 0, of: 0 }, answers: null, why: 'this node cannot hold the base' }],
  key: 'none',
  pending: 'removed'
}

async function pleases(page: Page): Promise<void> {
  await assertAccessible(page)
  await assertNoSidewaysScroll(page)
}

describe('servers that answer for a worker, in the console', function () {
  this.timeout(90_000)

  it('are named and removed in the file, with what is wrong said in words', async () => {
    const { process: daemon } = world().network.daemon('worker-2')
    const named = async (): Promise<readonly object[]> => {
      const file = JSON.parse(await readFile(join(daemon.folder, 'config.json'), 'utf8')) as Config
      return file.worker?.backends ?? []
    }
    const page = await openPage('worker-2', { path: places.servers })
    await page.getByText('No servers: the engine answers.').waitFor()
    await page.getByRole('button', { name: 'Add it' }).click()
    await page.getByText('Small letters, digits and hyphens, 32 at most.').waitFor()
    await page.getByLabel('What to call it').fill('here')
    await page.getByLabel('Its address, without /v1').fill('http://me:secret@127.0.0.1:9')
    await page.getByText('An address alone: a key goes into a file or the environment.').waitFor()
    await page.getByLabel('Its address, without /v1').fill('http://127.0.0.1:9')
    await page.getByLabel('The base model that it holds').fill(base)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'here', exact: true }).waitFor()
    await page.getByText('used from the next start on', { exact: true }).waitFor()
    await page.getByText('none is sent; it would be read from TILTH_BACKEND_HERE_API_KEY').waitFor()
    assert.equal((await named()).length, 1)

    // The daemon's own refusal, in its words: a base has one server.
    await page.getByLabel('What to call it').fill('twice')
    await page.getByLabel('Its address, without /v1').fill('http://127.0.0.1:10')
    await page.getByLabel('The base model that it holds').fill(base)
    await page.keyboard.press('Enter')
    await page.getByText('The list holds two servers with the same base').waitFor()
    await page.getByRole('button', { name: 'Remove here' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click()
    await page.getByText('No servers: the engine answers.').waitFor()
    assert.deepEqual(await named(), [])
    await page.context().close()
  })

  it('show how they are, what they can do and how they compare, and are tested again', async () => {
    let rows: readonly BackendView[] = [server, refused]
    const daemon = await imitate({
      backends: async () => ({ items: rows, next: null }),
      checkBackend: async () => {
        rows = [{ ...server, answers: 500 }, refused]
        return server
      }
    })
    const page = await openAt(await daemon.signIn(), daemon.url, { path: places.servers })
    await page.getByText('8 of 8 prompts cut alike; 61 of 64 tokens as here, 0.0132 nats apart on average').waitFor()
    await page.getByText('in the variable TILTH_BACKEND_RACK_API_KEY').waitFor()
    await page.getByText('It answers as other weights would').waitFor()
    await page.getByText('does not answer for this node, until the next start').waitFor()
    await pleases(page)
    await page.getByRole('button', { name: 'Test it' }).first().click()
    await page.getByText('500 answers').waitFor()
    await page.context().close()
    await daemon.stop()
  })
})

interface Config {
  readonly worker?: { readonly backends?: readonly object[] }
}
