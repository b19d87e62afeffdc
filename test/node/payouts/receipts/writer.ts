// A process of its own that takes receipts and archives epochs until it is killed, and says on standard output what was
// acknowledged. It goes on where the one before it was killed.
import { join } from 'node:path'
import { createReceiptStore } from '../../../../node/payouts/receipts/index.ts'
import { silentLog, systemClock } from '../../../../node/runtime/index.ts'
import { openStore } from '../../../../node/store/index.ts'
import type { Settled } from '../../../../protocol/payouts/index.ts'
import { keccak } from '../../../../protocol/primitives/index.ts'
import { generateReceipt, settledBy } from './generate.ts'

const folder = process.argv[2] ?? ''
/** Receipts that each epoch counts. */
const perEpoch = 40
const pool = keccak('pool')
const expiry = 1_800_000_000n
const store = await openStore(join(folder, 'db'))
const receipts = createReceiptStore({ store, folder: join(folder, 'receipts'), log: silentLog, clock: systemClock })
await receipts.start()

/** What epochs up to this one count: each the next `perEpoch` numbers. */
function settledAt(epoch: number): Settled {
  const counted = Array.from(
    { length: epoch * perEpoch },
    (_, index) => generateReceipt({ index }).receipt.receipt.message
  )
  return settledBy(new Map(), counted, expiry, 1n)
}

let epoch = (await receipts.pool(pool)).epoch
for (let index = epoch * perEpoch; ; index++) {
  const { id, receipt } = generateReceipt({ index })
  await receipts.put({ id, receipt, pool, own: index % 3 === 0, expiry, covered: 2n ** 128n })
  process.stdout.write(`${index}\n`)
  if ((index + 1) % perEpoch !== 0) continue
  epoch++
  const part = Array.from({ length: perEpoch }, (_, i) => generateReceipt({ index: (epoch - 1) * perEpoch + i }))
  await receipts.settle({
    pool,
    epoch,
    bundle: `bundle ${epoch}`,
    at: 1n,
    settled: settledAt(epoch),
    counted: {
      ids: new Set(part.map(one => one.id)),
      channels: new Set(part.map(one => one.receipt.receipt.message.channel))
    }
  })
}
