// A process of its own that writes until it is killed, and says on standard output what was acknowledged.
import { z } from 'zod'
import { openStore, sequenceKey } from '../../../node/store/index.ts'

const directory = process.argv[2] ?? ''
const store = await openStore(directory)
const table = store.collection('test/rows', z.strictObject({ n: z.int(), text: z.string() }))
const log = store.collection('test/log', z.int())
const total = store.collection('test/total', z.int())

let next = 0
for await (const key of log.keys({ reverse: true, limit: 1 })) next = Number(key) + 1
for (let n = next; ; n++) {
  const row = { n, text: 'x'.repeat((n * 37) % 3000) }
  if (n % 2 === 0) {
    // Two writes at once: they share a flush.
    await Promise.all([table.put(`row-${n}`, row), log.put(sequenceKey(n), n)])
  } else {
    // Either all of these or none.
    await store.batch(batch => {
      batch.put(table, `row-${n}`, row).put(log, sequenceKey(n), n).put(total, 'odd', n)
    })
  }
  process.stdout.write(`${n}\n`)
}
