import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPassphrase } from '../../daemon/keys/index.ts'
import { startDaemonProcess } from '../../daemon/local/network/child.ts'
import { startAnvil } from '../../node/chain/index.ts'
import { openTextReader } from '../../node/engine/text/index.ts'
import { startPeer } from '../../node/engine/host/peer.ts'

const phrase = 'correct horse battery staple'
const seedling = join(import.meta.dirname, '../../daemon/assets/seedling')

/** What the system shows of the environments of this process's children. */
const environments = (): Map<string, string> =>
  new Map(
    execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
      .split('\n')
      .filter(line => line.trim() !== '' && !line.includes('ps -o'))
      .flatMap((line): [string, string][] => {
        const [pid = '', ...args] = line.trim().split(/\s+/)
        try {
          return [[args.join(' '), readFileSync(`/proc/${pid}/environ`, 'utf8')]]
        } catch (error) {
          const { code = '' } = error as NodeJS.ErrnoException
          if (code === 'ESRCH' || code === 'ENOENT') return [] // it has ended since
          throw error
        }
      })
  )

describe('child processes', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilth-children-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('know nothing of the passphrase: not the chain, the engine, readers of texts, other daemons', async function () {
    if (process.platform !== 'linux') this.skip() // what children see is read from /proc
    process.env['TILTH_PASSPHRASE'] = phrase
    // Where this process's own commands look: a daemon of a local network has a folder of its own.
    process.env['TILTH_DATA'] = '/the-whole-network'
    const reader = openTextReader()
    const anvil = await startAnvil({ folder: join(folder, 'chain') })
    const daemon = await startDaemonProcess('nobody', folder)
    // It has no configuration and ends soon.
    const first = environments()
    const engine = startPeer(
      { runtime: { threads: 1, provider: 'webgpu' } },
      { onMessages: () => undefined, onExit: () => undefined }
    )
    try {
      await reader.open(seedling)
      const seen = new Map([...first, ...environments()])
      for (const child of ['anvil', 'sandbox', 'daemon', 'host/process'])
        assert.ok(
          [...seen.keys()].some(args => args.includes(child)),
          `${child} runs`
        )
      for (const [args, environment] of seen) assert.ok(!environment.includes(phrase), args)
      for (const [args, environment] of first)
        assert.equal(args.includes(' daemon ') && environment.includes('/the-whole-network'), false, args)
      // Once it is read, nothing that is started later could be given it either.
      assert.equal(await readPassphrase(), phrase)
      assert.equal(process.env['TILTH_PASSPHRASE'], undefined)
    } finally {
      delete process.env['TILTH_PASSPHRASE']
      delete process.env['TILTH_DATA']
      reader.close()
      await engine.end()
      await daemon.stop()
      await anvil.stop()
    }
  })
})
