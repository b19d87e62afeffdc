import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { scratch } from '../harness/index.ts'

const root = join(import.meta.dirname, '..', '..')

/** The lines of the README's section, as a reader copies them. */
async function linesOf(title: string): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const found = new RegExp(`^## ${title}\\n[^]*?\`\`\`sh\\n([^]*?)\`\`\``, 'm').exec(readme)?.[1]
  assert.ok(found, `README.md has lines under "${title}"`)
  return found
}

/** A shell as a reader has one: whatever Node it finds, and npx. */
function shell(script: string): Promise<{ code: number | null; output: string }> {
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter(folder => !folder.includes('node_modules'))
    .join(delimiter)
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-e', '-c', script], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: path }
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    child.once('error', reject)
    // What runs in the background may hold the pipes: the shell's own end is waited for.
    child.once('exit', code => {
      setTimeout(resolve, 100, { code, output })
    })
  })
}

describe('a network of one’s own, by the README', function () {
  this.timeout(280_000)
  let folder = ''
  before(async () => {
    folder = await scratch('own')
  })
  after(async () => {
    await shell(`npx tilth down --data ${join(folder, 'net')}`)
    await rm(folder, { recursive: true, force: true })
  })

  it('answers a question at the end of ten commands, as they are written', async () => {
    const lines = (await linesOf('Your own network in ten commands')).replaceAll('my-network', join(folder, 'net'))
    const { code, output } = await shell(lines)
    assert.equal(code, 0, output)
    const [, answer = ''] = output.split(/^serving .*\n/m)
    assert.ok(answer.trim().split('\n').length > 1, output)
    for (const name of ['host', 'worker', 'client', 'chain'])
      assert.match(answer, new RegExp(`ended the .* of .*/${name} `), 'tilth down ended all')
  })
})
