import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { scratch } from '../harness/index.ts'
import { comparable, pageOf } from './roles/page.ts'
import { createPlay } from './roles/play.ts'
import type { Play } from './roles/play.ts'
import { tell, walks } from './roles/story.ts'

const pages = join(import.meta.dirname, '../../docs/roles')

/** Contributor, host, validator, builder, worker, client, settler: real processes, and the commands of their pages. */
describe('each role, from nothing to its goal', function () {
  this.timeout(1_800_000)
  let folder = ''
  let play: Play
  before(async () => {
    folder = await scratch('roles')
    play = createPlay(walks, join(folder, 'net'), () => undefined)
  })
  after(async () => {
    await play.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('is walked by its person’s own commands', async () => {
    await tell(play)
    assert.deepEqual(play.missed(), [])
  })

  for (const walk of walks)
    it(`stands so on the page of the ${walk.role}; npm run docs writes it anew`, async () => {
      const page = await readFile(join(pages, `${walk.role}.md`), 'utf8')
      assert.equal(comparable(page, walk), comparable(pageOf(walk, play.said), walk))
    })
})
