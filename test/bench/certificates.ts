import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openStore } from '../../node/store/index.ts'
import { compareNotes } from '../node/data/in-memory.ts'

// What two peers say to each other of which one lacks some certificates, in bytes of what is sent, with their books on
// disk. Usage: node test/bench/certificates.ts [--all 10000,100000,1000000] [--missing 100]

const { values } = parseArgs({
  options: {
    all: { type: 'string', default: '10000,100000,1000000' },
    missing: { type: 'string', default: '100' }
  }
})

console.log('certificates  missing  asked (bytes)  answered (bytes)  seconds')
for (const all of values.all.split(',').map(Number)) {
  const folder = await mkdtemp(join(tmpdir(), 'tilth-certificates-'))
  const stores = await Promise.all(['full', 'behind'].map(name => openStore(join(folder, name))))
  // Making them is not what is measured: it waits for no disk.
  const quick = stores.map(store => ({
    ...store,
    batch: (fill: Parameters<typeof store.batch>[0]) => store.batch(fill, { sync: false })
  }))
  const { asked, answered, seconds } = await compareNotes(all, Number(values.missing), quick)
  for (const store of stores) await store.close()
  await rm(folder, { recursive: true })
  const columns = [all, Number(values.missing), asked, answered, seconds.toFixed(2)]
  console.log(columns.map((value, i) => String(value).padStart([12, 8, 14, 17, 8][i] ?? 8)).join(' '))
}
