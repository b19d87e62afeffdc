import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'

describe('tilth console', () => {
  let line: CommandLine
  before(async () => {
    line = await startCommandLine({})
  })
  after(async () => {
    await line.stop()
    await rm(line.folder, { recursive: true })
  })

  it('prints an address that signs one browser in, once, for a person and for a program', async () => {
    const told = await line.run('console', '--no-open')
    assert.equal(told.code, 0)
    assert.match(told.stdout, /^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}\n$/)
    const asked = Date.now()
    const { url, token, until } = JSON.parse((await line.run('console', '--json')).stdout) as {
      url: string
      token: string
      until: number
    }
    assert.ok(url.endsWith(`/#token=${token}`) && !told.stdout.includes(token))
    assert.ok(until > asked + 11 * 3_600_000)
    const exchange = (): Promise<Response> =>
      fetch(new URL('/api/session', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token })
      })
    assert.equal((await exchange()).status, 200)
    assert.equal((await exchange()).status, 401)
  })
})
