import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pageOf } from './page.ts'
import { createPlay } from './play.ts'
import { tell, walks } from './story.ts'

// npm run docs: goes through the walks on a network of its own and writes each role's page.

const pages = join(import.meta.dirname, '../../../docs/roles')
const folder = await mkdtemp(join(tmpdir(), 'tilth-docs-'))
const play = createPlay(walks, join(folder, 'net'), text => {
  process.stderr.write(`${text}\n`)
})
try {
  await tell(play)
  await mkdir(pages, { recursive: true })
  for (const walk of walks) await writeFile(join(pages, `${walk.role}.md`), pageOf(walk, play.said))
} finally {
  await play.stop()
  await rm(folder, { recursive: true, force: true })
}
