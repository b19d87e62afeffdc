import assert from 'node:assert/strict'
import { startCommandLine } from './command-line.ts'

const word = (n: number) => `0x${String(n).padStart(64, '0')}` as const

describe('seats among scorers on the command line', function () {
  this.timeout(180_000)

  it('are shown, taken and given up', async () => {
    const asked: unknown[] = []
    const cli = await startCommandLine({
      seats: async () => ({
        items: [{ datanet: word(1), asked: false, paid: (7n * 10n ** 18n).toString() }],
        next: null
      }),
      sit: async ({ params, body }) => {
        asked.push([params.id, body.sits])
        return { datanet: word(1), sits: body.sits, transaction: asked.length === 1 ? word(9) : null }
      }
    })
    try {
      const shown = (await cli.run('seat')).stdout
      for (const part of [word(1), 'by itself', '7.0']) assert.ok(shown.includes(part), shown)
      assert.match((await cli.run('seat', 'elements')).stdout, /has a seat[^]*transaction 0x0+9/)
      assert.match((await cli.run('seat', 'elements', '--down')).stdout, /takes none by itself[^]*it was so already/)
      assert.deepEqual(asked, [
        ['elements', true],
        ['elements', false]
      ])
    } finally {
      await cli.stop()
    }
  })
})
