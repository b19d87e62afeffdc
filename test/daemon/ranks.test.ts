import assert from 'node:assert/strict'
import { ranksOf, validatorRanksOf } from '../../daemon/api/handlers/ranks/index.ts'
import type { RankView, ValidatorRankView } from '../../daemon/api/contract/index.ts'
import { pageOf } from '../../protocol/primitives/index.ts'
import type { Hex, PageRequest } from '../../protocol/primitives/index.ts'
import { startCommandLine } from './command-line.ts'

const [birds, stars, both]: [Hex, Hex, Hex] = [`0x${'07'.repeat(32)}`, `0x${'08'.repeat(32)}`, `0x${'09'.repeat(32)}`]
const hidden: Hex = `0x${'0a'.repeat(32)}`
const [ada, bob, cleo, dan]: [Hex, Hex, Hex, Hex] = [
  `0x${'aa'.repeat(20)}`,
  `0x${'bb'.repeat(20)}`,
  `0x${'cc'.repeat(20)}`,
  `0x${'dd'.repeat(20)}`
]
const [one, two]: [Hex, Hex] = [`0x${'01'.repeat(32)}`, `0x${'02'.repeat(32)}`]
const given = (contributor: Hex, status: string, rows: number, own: number | null, removed?: 'withdrawn') => ({
  contributor,
  status,
  rows,
  own,
  ...(removed === undefined ? {} : { removed })
})
const contributions: Record<Hex, ReturnType<typeof given>[]> = {
  // bob has brought fifty times the rows of ada, which make answers worse; cleo what nobody has measured yet
  [birds]: [
    given(bob, 'accepted', 1000, 1000),
    given(ada, 'accepted', 20, 20),
    given(cleo, 'accepted', 8, 8),
    given(dan, 'rejected', 50, 40),
    given(dan, 'voting', 90, 0)
  ],
  [stars]: [given(ada, 'accepted', 10, 9)],
  // what is private and read by others, beside what a validator of it knows
  [hidden]: [
    given(ada, 'accepted', 84, null),
    given(bob, 'accepted', 10, 8, 'withdrawn'),
    given(bob, 'rejected', 5, null)
  ]
}
const said = (validator: Hex, accept: boolean | null, present = accept !== null) => ({ validator, accept, present })
const decisions: Record<Hex, unknown[]> = {
  [birds]: [
    { contributor: bob, accepted: true, validators: [said(one, true), said(two, false)] },
    { contributor: ada, accepted: true, validators: [said(one, true), said(two, true)] },
    { contributor: cleo, accepted: true, validators: [said(one, null), said(two, true)] },
    { contributor: dan, accepted: false, validators: [said(one, false), said(two, null, true)] }
  ],
  [stars]: []
}
/** `both` is a mix of the two. */
const view = (id: Hex) => ({
  id,
  rules: { maxRows: 1000, ...(id === both ? { parents: [birds, stars] } : {}) },
  latestVersion: 1
})

/** As much of a node as the question needs. */
const node = {
  data: {
    findDatanet: async (wanted: string) => view({ birds, both, hidden }[wanted] ?? stars),
    datanet: async (id: Hex) => view(id),
    followed: () => [{ id: birds }, { id: stars }, { id: both }],
    manifest: async () => ({
      entries: [
        { contributor: ada, own: [0, 1, 2] },
        { contributor: cleo, own: [0] },
        { contributor: ada, own: [1] }
      ]
    }),
    contributions: async (id: Hex, page: PageRequest) =>
      pageOf(
        (contributions[id] ?? []).map((item, i) => ({ ...item, at: String(i) })),
        page,
        ({ at }) => at
      ),
    async *decisions(id: Hex) {
      yield* decisions[id] ?? []
    },
    doubleVotes: async () => []
  },
  models: {
    models: () => [
      { id: one, datanet: birds },
      { id: two, datanet: birds }
    ]
  },
  payouts: {
    // of two models the one whose rows add more counts
    quality: async (model: Hex) =>
      model === one ? { values: { [ada]: 1_000n, [bob]: 2_000n } } : { values: { [ada]: 160_000n, [bob]: -30_000n } }
  }
} as unknown as Parameters<typeof ranksOf>[0]

describe('ranks', () => {
  it('follow what rows are good for and not how many they are, with the arithmetic beside each', async () => {
    const { items, rule } = await ranksOf(node, { datanet: 'birds' })
    assert.deepEqual(
      items.map(({ account, formula }) => [account, formula]),
      [
        [ada, '16.00² ÷ (16.00 + 4) = 12.80'],
        [cleo, '0 (not measured yet) = 0.00'],
        [dan, '0 (not measured yet) − 10 × 50 ÷ 1000 = -0.50'],
        [bob, '-3.00 = -3.00']
      ]
    )
    assert.deepEqual(
      items.map(({ place, taken, answers }) => [place, taken, answers]),
      [
        [1, 20, '16000000'],
        [2, 8, null],
        [3, 0, null],
        [4, 1000, '-3000000']
      ]
    )
    assert.match(rule, /a² ÷ \(a \+ 4\)/)
  })

  it('take what others alone read for no refused rows, and tell what has left since', async () => {
    const { items } = await ranksOf(node, { datanet: 'hidden' })
    assert.deepEqual(
      items.map(({ account, rank, rows, taken, left, unread }) => [account, rank, rows, taken, left, unread]),
      [
        [ada, '0', 0, 0, 0, 84],
        [bob, '-70000', 15, 8, 8, 0]
      ]
    )
  })

  it('of a mix go by what it holds, which over all counts where it was given', async () => {
    const { items } = await ranksOf(node, { datanet: 'both' })
    assert.deepEqual(
      items.map(({ account, rows, taken }) => [account, rows, taken]),
      [
        [ada, 4, 4],
        [cleo, 1, 1]
      ]
    )
  })

  it('add up over all that is followed, and come by pages', async () => {
    const { items, next } = await ranksOf(node, { limit: 1 })
    assert.deepEqual([items[0]?.account, items[0]?.datanets, items[0]?.rows, next], [ada, 2, 30, ada])
    assert.equal(items[0]?.formula, 'the sum of its ranks in 2 Datanets = 12.79')
    assert.equal((await ranksOf(node, { limit: 1, cursor: ada })).items[0]?.account, cleo)
  })

  it('of validators follow what came later of their votes', async () => {
    const { items } = await validatorRanksOf(node, { datanet: 'birds' })
    assert.deepEqual(
      items.map(({ validator, borneOut, refuted, missed, open }) => ({ validator, borneOut, refuted, missed, open })),
      [
        { validator: two, borneOut: 2, refuted: 0, missed: 0, open: 2 },
        { validator: one, borneOut: 1, refuted: 1, missed: 1, open: 1 }
      ]
    )
  })

  it('are shown by tilth ranks', async () => {
    const cli = await startCommandLine({
      ranks: ({ params }) => ranksOf(node, params),
      validatorRanks: ({ params }) => validatorRanksOf(node, params)
    })
    const json = await cli.run('ranks', '--datanet', 'birds', '--json')
    const text = await cli.run('ranks', '--datanet', 'birds')
    const validators = await cli.run('ranks', '--validators', '--json')
    await cli.stop()
    assert.equal((JSON.parse(json.stdout) as RankView[])[0]?.account, ada, json.stderr)
    assert.match(text.stdout, /12\.80.*16\.00² ÷ \(16\.00 \+ 4\)/)
    assert.equal((JSON.parse(validators.stdout) as ValidatorRankView[])[0]?.validator, two, validators.stderr)
  }).timeout(60_000)
})
