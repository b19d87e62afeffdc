import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PayoutsDeps } from '../../../node/payouts/index.ts'
import type { OpenRound } from '../../../node/payouts/rounds/index.ts'
import { createScorer } from '../../../node/payouts/scorer/index.ts'
import { createMetrics, silentLog, systemClock } from '../../../node/runtime/index.ts'
import { openStore, sequenceKey } from '../../../node/store/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import { attributionHash, attributionOf, pathIn, scoringDocument, wordsTree } from '../../../protocol/payouts/index.ts'
import { InvalidError, NotFoundError, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/wait.ts'
import { accountOf, keyOf, measure, measuredOf, network, pool, typical } from '../../protocol/payouts/world.ts'

const self = accountOf('ada')
const attribution = attributionOf(measure, measuredOf(measure, typical))
const ids = ['one', 'two', 'three', 'four'].map(name => keccak(name)).toSorted() as Hex[]

describe('words that were committed to', () => {
  it('are shown, though one beside them was found before a kill and is in no commitment', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tilth-shown-'))
    const store = await openStore(join(folder, 'store'))
    const tree = wordsTree(self, ids, new Map(ids.map(id => [id, attributionHash(attribution)])))
    const kept = store.collection('payouts/words', scoringDocument)
    for (const [i, receipt] of ids.entries()) {
      const message = { receipt, scorer: self, attribution: attributionHash(attribution) }
      const statement = signStatement(network, 'Scoring', message, keyOf('ada'))
      const name = `${pool}/${sequenceKey(1)}/${sequenceKey(1)}/${receipt}`
      await kept.put(name, { statement, attribution, path: pathIn(tree, i) })
    }
    const drawn = { panel: [self], commitments: new Map([[self, tree.root.hash]]), commitEnds: 10n, revealEnds: 20n }
    const round = { number: 1, spent: false, drawn }
    const shown: Hex[] = []
    /** The first is of no commitment; the second comes to be known here later. */
    let isKnown = false
    const scorer = createScorer(
      {
        self,
        network,
        key: keyOf('ada'),
        clock: systemClock,
        log: silentLog,
        metrics: createMetrics(),
        store,
        chain: {
          payouts: { pool: async () => ({ epoch: 0 }), round: async () => round }
        } as unknown as PayoutsDeps['chain']
      },
      {
        rounds: { open: async () => ({ pool, epoch: 1, round }) as unknown as OpenRound } as never,
        scorings: {
          take: async ({ statement: { message } }: { statement: { message: { receipt: Hex } } }) => {
            if (message.receipt === ids[0])
              throw new InvalidError('scoring.uncommitted', 'of something else', { consequence: 'ignore' })
            if (message.receipt === ids[1] && !isKnown) throw new NotFoundError('scoring.receipt', 'not known here')
            return true
          }
        } as never,
        contents: {} as never,
        weigher: {} as never,
        judge: { start() {}, add() {}, wake() {}, stop: async () => undefined } as never,
        now: () => 15n
      },
      { shown: async document => void shown.push(document.statement.message.receipt) }
    )
    try {
      scorer.start()
      scorer.add(pool)
      await until(async () => shown.length >= 2, 'those that can be are shown')
      assert.deepEqual(shown.slice(0, 2), ids.slice(2))
      isKnown = true
      await until(async () => {
        scorer.wake()
        return shown.includes(ids[1]!)
      }, 'the other is shown once it can be')
      assert.ok(!shown.includes(ids[0]!))
    } finally {
      await scorer.stop()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
