import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createReceiptStore } from '../../../../node/payouts/receipts/index.ts'
import type { Entry } from '../../../../node/payouts/receipts/index.ts'
import { silentLog, systemClock } from '../../../../node/runtime/index.ts'
import { openStore } from '../../../../node/store/index.ts'
import { everyItem, keccak } from '../../../../protocol/primitives/index.ts'
import { scratch } from '../../../harness/index.ts'
import { generateReceipt } from './generate.ts'

/** As in writer.ts. */
const perEpoch = 40
const pool = keccak('pool')

describe('receipts in a process that is killed', function () {
  this.timeout(240_000)
  let folder = ''
  before(async () => {
    folder = await scratch('receipts-crash')
  })
  after(() => rm(folder, { recursive: true, force: true }))

  /** Runs the writer until it has acknowledged so many, and a little longer. @returns the last acknowledged one */
  async function runAndKill(wanted: number, after: number): Promise<number> {
    const child = spawn(process.execPath, [fileURLToPath(new URL('writer.ts', import.meta.url)), folder], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    let text = ''
    const enough = new Promise<void>(resolve => {
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        if (text.split('\n').length > wanted) resolve()
      })
      child.once('close', () => {
        resolve()
      })
    })
    await enough
    await wait(after)
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    return Math.max(-1, ...text.split('\n').slice(0, -1).map(Number))
  }

  it('are each there exactly once, open or archived, whatever the process was doing', async () => {
    let acknowledged = -1
    for (let round = 0; round < 8; round++) {
      acknowledged = Math.max(acknowledged, await runAndKill(7 + round * 23, (round * 7) % 40))
      const store = await openStore(join(folder, 'db'))
      const receipts = createReceiptStore({
        store,
        folder: join(folder, 'receipts'),
        log: silentLog,
        clock: systemClock
      })
      await receipts.start()
      const { epoch } = await receipts.pool(pool)
      const shown = new Map<string, Entry>()
      for await (const entry of everyItem(page => receipts.list(page))) {
        assert.ok(!shown.has(entry.id), 'a receipt is shown twice')
        shown.set(entry.id, entry)
      }
      for (let index = 0; index <= acknowledged; index++) {
        const { id, receipt } = generateReceipt({ index })
        const entry = shown.get(id) ?? assert.fail(`receipt ${index} is gone`)
        assert.deepEqual(entry.receipt, receipt)
        const number = Math.floor(index / perEpoch) + 1
        // What an epoch has counted is settled by it; the epoch that was cut short may have some of its receipts out.
        if (number <= epoch) assert.deepEqual(entry.state, { name: 'settled', epoch: number })
        else if (entry.state.name === 'settled') assert.equal(number, epoch + 1)
      }
      const open = new Set(await receipts.openIds(pool, '', 10_000))
      for (const { id, state } of shown.values()) assert.equal(open.has(id), state.name === 'unscored')
      // No file stands there that nothing names.
      assert.ok((await readdir(join(folder, 'receipts'))).length <= epoch + 1)
      await receipts.stop()
      await store.close()
    }
    assert.ok(acknowledged > 3 * perEpoch)
  })
})
