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

/** It has looked at a claim, and does nothing more with it until it is told to. */
const slow = `
  const { default: files } = await import('node:fs/promises')
  const { syncBuiltinESMExports } = await import('node:module')
  const { readFile } = files
  let looks = 0
  files.readFile = async (...of) => {
    const text = await readFile(...of)
    if (String(of[0]).endsWith('${address}.json') && looks++ === 0) {
      console.log('looked')
      await new Promise(resolve => process.stdin.once('data', resolve))
    }
    return text
  }
  syncBuiltinESMExports()`

/** Another process that claims the key: what it said, and its end. */
async function another(before = ''): Promise<{ said: string; goOn(): Promise<string>; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', before + program], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const said = async (): Promise<string> => String((await once(child.stdout, 'data'))[0]).trim()
  return {
    said: await said(),
    async goOn() {
      child.stdin.write('go on')
      return said()
    },
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
    assert.match(second.said, /^key\.running .*`tilth down --data "\/of\/the first"`/)
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

  it('stays one daemon’s where two find the claim of one that was killed', async () => {
    const killed = await another()
    await killed.kill()
    const second = await another(slow)
    assert.equal(second.said, 'looked')
    const giveBack = await claimKey(address, '/of/the first')
    assert.match(await second.goOn(), /^key\.running .*\/of\/the first/)
    const third = await another()
    assert.match(third.said, /^key\.running .*\/of\/the first/)
    await Promise.all([second.kill(), third.kill()])
    await giveBack()
  })
})
