// A process of its own that writes until it is killed, and says on standard output what was acknowledged.
import { z } from 'zod'
import { openStore } from '../../../node/store/index.ts'

const directory = process.argv[2] ?? ''
const store = await openStore(directory)
const table = store.collection('test/rows', z.strictObject({ n: z.int(), text: z.string() }))
const log = store.log('test/log', z.int())
const total = store.collection('test/total', z.int())

for (let n = await log.length(); ; n++) {
  const row = { n, text: 'x'.repeat((n * 37) % 3000) }
  if (n % 2 === 0) {
    await table.put(`row-${n}`, row)
    await log.append(n)
  } else {
    // Either all of these or none.
    await store.batch(batch => {
      batch.put(table, `row-${n}`, row).append(log, n).put(total, 'odd', n)
    })
  }
  process.stdout.write(`${n}\n`)
}
