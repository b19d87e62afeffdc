import assert from 'node:assert/strict'
import type { StandingView } from '../../daemon/api/contract/index.ts'
import { startCommandLine } from './command-line.ts'

const word = (n: number) => `0x${String(n).padStart(64, '0')}` as const
const account = (n: number) => `0x${String(n).padStart(40, '0')}` as const
const coin = 10n ** 18n

const lost: StandingView = {
  datanet: word(1),
  worker: account(7),
  since: 1_800_000_000_000,
  until: 1_800_000_900_000,
  accusations: [2, 3, 4].map(n => ({
    scorer: account(n),
    model: word(5),
    epoch: 3,
    receipts: word(6),
    transaction: word(n)
  })),
  foundOut: {
    model: word(5),
    epoch: 3,
    receipts: word(6),
    taken: (10n * coin).toString(),
    transaction: word(4),
    at: 1_800_000_900_000,
    passedOverUntil: 1_802_592_900_000
  }
}
/** Found out without ever having stood. */
const never = (found: StandingView): StandingView => ({
  ...found,
  worker: account(9),
  since: 0,
  until: 0,
  stood: false,
  foundOut: found.foundOut && { ...found.foundOut, taken: '0' }
})

/** As a daemon of before tells it. */
function before(view: StandingView): StandingView {
  assert.ok(view.foundOut)
  const { at: _at, passedOverUntil: _until, ...foundOut } = view.foundOut
  return { ...view, worker: account(6), foundOut }
}

describe('standing for answers on the command line', function () {
  this.timeout(180_000)

  it('says what it costs, ends it, and tells what became of a worker', async () => {
    const asked: unknown[] = []
    const cli = await startCommandLine({
      stand: async ({ params, body }) => {
        asked.push([params.id, body.stands])
        return { datanet: word(1), stands: body.stands, penalty: (10n * coin).toString(), transaction: word(9) }
      },
      standings: async ({ params }) => ({
        items:
          params.worker === account(7)
            ? [lost]
            : params.worker === account(6)
              ? [before(lost)]
              : params.worker === account(9)
                ? [never(lost)]
                : [],
        next: null
      })
    })
    try {
      assert.match((await cli.run('stand', 'elements')).stdout, /or 10\.0* tokens of stake are taken/)
      assert.match((await cli.run('stand', 'elements', '--down')).stdout, /does not stand/)
      assert.deepEqual(asked, [
        ['elements', true],
        ['elements', false]
      ])
      const told = (await cli.run('audit', 'worker', account(7))).stdout
      for (const part of ['10', 'in epoch 3', word(5)]) assert.ok(told.includes(part), told)
      const other = (await cli.run('audit', 'worker', account(9))).stdout
      for (const part of ['never stood', 'nothing', 'in epoch 3', '2027']) assert.ok(other.includes(part), other)
      assert.match((await cli.run('audit', 'worker', account(6))).stdout, /in epoch 3/)
      assert.match((await cli.run('audit', 'worker', account(8))).stdout, /never did/)
    } finally {
      await cli.stop()
    }
  })
})
