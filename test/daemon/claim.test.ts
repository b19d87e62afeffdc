import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { claimKey } from '../../daemon/keys/index.ts'

const address = `0x${'5a'.repeat(20)}` as const
const program = `
  const { claimKey } = await import(${JSON.stringify(join(import.meta.dirname, '../../daemon/keys/index.ts'))})
  try {
    await claimKey('${address}', '/of/another')
    console.log('claimed')
    setInterval(() => undefined, 1000)
  } catch (error) {
    console.log(error.code, error.help)
  }`

/** Another process that claims the key: what it said, and its end. */
async function another(): Promise<{ said: string; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    said: said.toString().trim(),
    async kill() {
      if (child.exitCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
}

describe('a key that daemons run with', () => {
  it('is one daemon’s, whatever folders they have; the other is told where the first one is', async () => {
    const giveBack = await claimKey(address, '/of/the first')
    const second = await another()
    assert.match(second.said, /^key\.running .*\/of\/the first/)
    await second.kill()
    await giveBack()
    const third = await another()
    assert.equal(third.said, 'claimed')
    await assert.rejects(claimKey(address, '/of/the first'), { code: 'key.running', consequence: 'fatal' })
    // One that was killed has given nothing back: its claim is of nobody that runs.
    await third.kill()
    await (
      await claimKey(address, '/of/the first')
    )()
  })
})
