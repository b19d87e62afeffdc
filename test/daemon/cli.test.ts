import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createApiClient } from '../../daemon/api/contract/index.ts'
import { scratch } from '../harness/index.ts'
import { main } from './command-line.ts'

/** A command line as typed, in a folder with a token and no daemon. */
async function tilth(folder: string, ...words: string[]) {
  return new Promise<{ status: number; stdout: string; stderr: string }>(resolve => {
    execFile(process.execPath, [main, ...words, '--data', folder], { encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

describe('the command line', () => {
  it('says what failed as JSON on standard output, in commands of a group too', async () => {
    const folder = await scratch('cli')
    const lines = ['status', 'datanet list', 'datanet --json show birds', 'epoch list', 'receipts --limit 3']
    const all = await Promise.all(lines.map(line => tilth(folder, ...line.split(' '), '--json')))
    for (const [i, { status, stdout }] of all.entries()) {
      assert.equal(status, 1, lines[i])
      assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'daemon.none', lines[i])
    }
  }).timeout(60_000)

  it('says what was wrong with what was typed, by the name it was typed under', async () => {
    const folder = await scratch('cli-words')
    await writeFile(join(folder, 'api-token'), 'a token of a daemon that is gone')
    const nobody = ['--api', 'http://127.0.0.1:59999']
    const cases: [string[], RegExp][] = [
      [['ask', '--model', 'm', '', ...nobody], /the question must be .*not an empty text/],
      [
        ['ask', '--model', 'm', 'q', '--max-tokens', 'abc', ...nobody],
        /--max-tokens must be a whole number.*not "abc"/
      ],
      [['ask', '--model', 'm', 'q', '--top-p', '7', ...nobody], /--top-p must be a number above 0.*not "7"/],
      [['models', '--api', 'http://127.0.0.1:4190'], /--api names port 4190/],
      [['receipts', '--limit', 'many', ...nobody], /--limit must be a whole number from 1 to 1000, not "many"/],
      [['audit', 'epoch', 'elements', ...nobody], /which epoch of elements .*\s.*tilth audit epoch elements 1/],
      [['audit', 'receipt', '0x12', '3', ...nobody], /3 is too much: only an epoch has a number/],
      [['audit', 'worker', 'worker-2', ...nobody], /the id must be an account: .*not "worker-2"/]
    ]
    const all = await Promise.all(cases.map(([words]) => tilth(folder, ...words)))
    for (const [i, { status, stderr }] of all.entries()) {
      assert.equal(status, 1)
      assert.match(stderr, cases[i]![1])
    }
  }).timeout(60_000)
})

describe('a client of the API', () => {
  it('gives a daemon up that takes calls and never answers', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const patient = { readMs: 3_600_000, probeMs: { every: 20, within: 50 } }
    const api = createApiClient(`http://127.0.0.1:${port}`, 'token', patient)
    await assert.rejects(api.call('status'), { code: 'api.hung' })
    await assert.rejects(api.call('redeem'), { code: 'api.hung' })
    const hasty = { readMs: 20, probeMs: { every: 3_600_000, within: 3_600_000 } }
    await assert.rejects(createApiClient(`http://127.0.0.1:${port}`, 'token', hasty).call('status'), {
      code: 'api.hung'
    })
    server.close()
  })

  it('tells a server that is no daemon of ours, and a connection that breaks', async () => {
    const answers = ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello', undefined]
    const server = createServer(socket => {
      const answer = answers.shift()
      if (answer === undefined) socket.resetAndDestroy()
      else socket.end(answer)
    }).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const api = createApiClient(`http://127.0.0.1:${port}`, 'token')
    await assert.rejects(api.call('status'), { code: 'api.reply' })
    await assert.rejects(api.call('status'), { code: 'api.broken' })
    server.close()
  })
})
