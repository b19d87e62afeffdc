// A shelf in a process of its own that takes, puts and throws out as fast as it can, until it is killed. Its arguments
// are the shelf's folder and a seed.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createShelf } from '../../../node/shelf/index.ts'
import { silentLog, systemClock } from '../../../node/runtime/index.ts'
import { cidOf, fakeFiles, folderWith } from './fakes.ts'

const [folder = '', seed = '1'] = process.argv.slice(2)
const fake = fakeFiles()
const shelf = createShelf({
  files: fake.files,
  folder,
  clock: systemClock,
  log: silentLog,
  quota: 300_000,
  free: async () => 1e15
})
await shelf.start()
process.stdout.write('started\n')
const sources = mkdtempSync(join(tmpdir(), 'tilth-shelf-sources-'))
let state = Number(seed)
for (;;) {
  state = (state * 48_271) % 2_147_483_647
  const name = `${state % 20}`
  const size = 10_000 + 5_000 * (state % 20)
  const cid = await cidOf(name)
  fake.had.set(cid, size)
  const lease =
    state % 3 === 0
      ? await shelf.put(await folderWith(sources, name, size), 'adapter')
      : await shelf.take(cid, { kind: 'base', from: [], cause: 'owner' })
  lease.release()
}
