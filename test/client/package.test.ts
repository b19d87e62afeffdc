import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { scratch } from '../harness/index.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
/** What a page loads for it, as a server sends it. */
const mostBytes = 400 * 1024

const consumer = `
import { TilthError, checkReceipt, connect, fundingCalls } from 'tilth/client'
import type { Answer, Offer, Storage, Tilth } from 'tilth/client'
export async function ask(storage: Storage, key: \`0x\${string}\`): Promise<string> {
  const network = { chain: { chainId: 1, contracts: {} } }
  const tilth: Tilth = await connect({ network, wallet: { privateKey: key }, storage })
  const [offer]: Offer[] = await Array.fromAsync(tilth.offers())
  if (offer === undefined) throw new Error('none')
  const answer: Answer = tilth.ask({ model: offer.model, messages: [{ role: 'user', content: 'why' }], maxFee: 1n })
  let text = ''
  for await (const piece of answer) text += piece
  const receipt = await answer.receipt
  if (receipt !== undefined) checkReceipt(receipt.signed, { chainId: 1, registry: receipt.worker })
  fundingCalls(network, tilth.account, { tokens: 1n })
  // @ts-expect-error names are anybody's, and spend no money
  tilth.ask({ model: 'elements', messages: [] })
  return text
}
export const codeOf = (error: unknown): string => (error instanceof TilthError ? error.code : 'none')
export const helpOf = (error: TilthError): string | undefined => error.help
`

describe('the package of the client', function () {
  this.timeout(120_000)
  let folder: string
  before(async () => {
    await run(process.execPath, [join(root, 'scripts/client.ts'), '--if-possible'], { cwd: root })
    folder = await scratch('package')
    const packed = join(root, 'client/dist')
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: packed })
    const [{ filename = '' } = {}] = JSON.parse(stdout) as { filename?: string }[]
    await mkdir(join(folder, 'node_modules'))
    await run('tar', ['-xzf', join(folder, filename), '-C', folder])
    await symlink(join(folder, 'package'), join(folder, 'node_modules', 'tilth'))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  })

  it('holds two files of code with their types, and needs no other package', async () => {
    const files = (await readdir(join(folder, 'package'))).sort()
    assert.deepEqual(files, [
      'LICENSE',
      'README.md',
      'browser.d.ts',
      'browser.js',
      'node.d.ts',
      'node.js',
      'package.json',
      'types.d.ts'
    ])
    const { dependencies, version } = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8')) as {
      dependencies?: unknown
      version: string
    }
    assert.equal(dependencies, undefined)
    const own = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    assert.equal(version, own.version)
  })

  it('is in the package of the whole as well, where its exports say, and nothing else that is not kept', async () => {
    const lines = async (name: string): Promise<string[]> => (await readFile(join(root, name), 'utf8')).split('\n')
    const kept = new Set(await lines('.npmignore'))
    for (const line of await lines('.gitignore')) if (line !== 'dist/') assert.ok(kept.has(line), line)
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      maxBuffer: 1 << 26
    })
    const [{ files } = { files: [] }] = JSON.parse(stdout) as { files: { path: string }[] }[]
    const packed = new Set(files.map(({ path }) => path))
    const own = await readFile(join(root, 'package.json'), 'utf8')
    for (const [, path = ''] of own.matchAll(/"\.\/(client\/[^"]+)"/g)) assert.ok(packed.has(path), path)
    const built = [...packed].filter(path => /(^|\/)(dist|node_modules|\.cache|\.tilth)\//.test(path))
    assert.deepEqual(
      built.filter(path => !path.startsWith('client/dist/')),
      []
    )
  })

  it('costs a page no more than its budget', async () => {
    const { length } = gzipSync(await readFile(join(folder, 'package/browser.js')), { level: 9 })
    assert.ok(length <= mostBytes, `${length} bytes compressed, of ${mostBytes}`)
  })

  it('has in Node no line so long that an error shown with it is lost', async () => {
    const text = await readFile(join(folder, 'package/node.js'), 'utf8')
    assert.ok(text.split('\n').length > 10_000)
  })

  it('is loaded by its name in Node, and by the form for browsers where that is asked for', async () => {
    await writeFile(join(folder, 'names.js'), "console.log(Object.keys(await import('tilth/client')).sort().join())")
    const names = async (...flags: string[]): Promise<string> =>
      (await run(process.execPath, [...flags, join(folder, 'names.js')])).stdout.trim()
    assert.equal(await names(), 'TilthError,checkReceipt,connect,folderStorage,fundingCalls')
    assert.equal(await names('--conditions=browser'), 'TilthError,browserStorage,checkReceipt,connect,fundingCalls')
  })

  it('has types that a strict program is written against', async () => {
    await writeFile(join(folder, 'consumer.ts'), consumer)
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'esnext',
      '--module',
      'nodenext',
      '--types',
      '',
      '--skipLibCheck',
      'false'
    ]
    const failed = await run(join(root, 'node_modules/.bin/tsc'), [...options, 'consumer.ts'], { cwd: folder }).then(
      () => '',
      (error: { stdout?: string }) => error.stdout ?? 'tsc failed'
    )
    assert.equal(failed, '')
  })
})
