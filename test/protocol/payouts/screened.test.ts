import assert from 'node:assert/strict'
import fc from 'fast-check'
import { coalitionsOf, maxPlayers, RandomStream } from '../../../protocol/jobs/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { maxCandidates, pooledOver, weightMatrix, weightsOver } from '../../../protocol/payouts/index.ts'

const has = (coalition: bigint, player: number): boolean => ((coalition >> BigInt(player)) & 1n) === 1n
const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)
const drawn = (players: number, seed: string, count = 34): bigint[] => coalitionsOf(keccak(seed), players, count)

/** Utilities where each player adds what `worth` says, and nature something of its own. */
function utilitiesOf(
  coalitions: readonly bigint[],
  worth: ReadonlyMap<number, number>,
  { base = 500, noise = 0, seed = 'noise' } = {}
): number[] {
  const stream = new RandomStream(keccak(seed))
  return coalitions.map(coalition => {
    const added = [...worth].reduce((total, [player, value]) => total + (has(coalition, player) ? value : 0), 0)
    const off = noise === 0 ? 0 : Number(stream.below(BigInt(2 * noise + 1))) - noise
    return Math.max(0, Math.min(10_000, base + added + (coalition === 0n ? 0 : off)))
  })
}

describe('the screened regression', () => {
  const candidates = fc
    .uniqueArray(fc.nat(59), { minLength: 0, maxLength: maxCandidates })
    .map(list => list.sort((a, b) => a - b))

  it('sums to what all the data adds over the base model, to the last unit, whatever was measured', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 300 }),
        fc.nat(),
        candidates,
        fc.array(fc.nat(10_000), { minLength: 34, maxLength: 34 }),
        (players, seed, chosen, utilities) => {
          const matrix = weightMatrix(players, drawn(players, String(seed)))
          const { players: phi, others } = weightsOver(matrix, { utilities, candidates: chosen })
          assert.equal(phi.length, players)
          assert.equal(sum(phi) + others, BigInt((utilities.at(-1) ?? 0) - (utilities[0] ?? 0)) * 100n)
          // Who is no candidate has nothing.
          assert.ok(phi.every((value, i) => value === 0n || chosen.includes(i)))
        }
      ),
      { numRuns: 100 }
    )
  })

  it('finds what each candidate adds, and gives what nobody of them adds to all others together', () => {
    const coalitions = drawn(60, 'exact')
    const worth = new Map([
      [3, 4000],
      [17, 1500],
      [40, -800]
    ])
    const { players, others } = weightsOver(weightMatrix(60, coalitions), {
      utilities: utilitiesOf(coalitions, worth, { base: 1000 }),
      candidates: [3, 17, 22, 40]
    })
    for (const [player, value] of [...worth, [22, 0] as const])
      assert.ok(Math.abs(Number(players[player]) - value * 100) < 100, `${player}: ${players[player]}`)
    assert.ok(others > -100n && others < 100n)
  })

  it('pays a candidate who adds nothing next to nothing, also where siblings are noisy', () => {
    const coalitions = drawn(60, 'noisy')
    const utilities = utilitiesOf(coalitions, new Map([[5, 6000]]), { noise: 600 })
    const { players } = weightsOver(weightMatrix(60, coalitions), { utilities, candidates: [1, 5, 9, 30] })
    assert.ok((players[5] ?? 0n) > 500_000n)
    for (const idle of [1, 9, 30]) assert.ok((players[idle] ?? 0n) < 60_000n, String(players[idle]))
  })

  it('pays idle candidates hardly anything for noise, and what several know alike to them', () => {
    const owners = [0, 5, 11, 23]
    for (const [known, least] of [
      [1, 0.85],
      [2, 0.85],
      [3, 0.65]
    ] as const) {
      let [paid, idle] = [0, 0]
      for (let run = 0; run < 40; run++) {
        const coalitions = drawn(60, `shared ${run}`)
        const noise = utilitiesOf(coalitions, new Map(), { noise: 900, base: 1000, seed: `shared ${run}` })
        const utilities = coalitions.map((coalition, k) => {
          const knows = owners.slice(0, known).some(owner => has(coalition, owner))
          return Math.min(10_000, (noise[k] ?? 0) + (knows ? 7000 : 0))
        })
        const { players, others } = weightsOver(weightMatrix(60, coalitions), {
          utilities,
          candidates: [...owners, 37, 41]
        })
        const positive = players.map(value => Math.max(0, Number(value)))
        const all = positive.reduce((x, y) => x + y, Math.max(0, Number(others)))
        const own = owners.slice(0, known).reduce((total, owner) => total + (positive[owner] ?? 0), 0)
        paid += own / all / 40
        idle += (positive.reduce((x, y) => x + y, 0) - own) / all / 40
      }
      assert.ok(paid > least && idle < 0.1, `${known} know it: ${paid} to them, ${idle} to idle ones`)
    }
  })

  it('takes what two do only together for half of each', () => {
    const coalitions = drawn(60, 'together')
    const utilities = coalitions.map(coalition => (has(coalition, 7) && has(coalition, 30) ? 9000 : 1000))
    const { players } = weightsOver(weightMatrix(60, coalitions), { utilities, candidates: [2, 7, 30] })
    for (const player of [7, 30]) assert.ok(Math.abs(Number(players[player]) - 400_000) < 1000, String(players[player]))
  })

  it('takes no longer for thousands of players', () => {
    const coalitions = drawn(maxPlayers, 'many')
    const matrix = weightMatrix(maxPlayers, coalitions)
    const chosen = Array.from({ length: maxCandidates }, (_, i) => 300 * i)
    const worth = new Map([
      [300, 3000],
      [1777, 2000]
    ])
    for (let answer = 0; answer < 200; answer++) {
      const utilities = utilitiesOf(coalitions, new Map([[300, 3000 + answer]]))
      const { players, others } = weightsOver(matrix, { utilities, candidates: chosen })
      assert.ok(Math.abs(Number(players[300]) - (3000 + answer) * 100) < 100)
      assert.ok(others < 100n)
    }
    assert.deepEqual(pooledOver(matrix, utilitiesOf(coalitions, worth, { noise: 100, base: 1000 })), [300, 1777])
  })

  it('refuses candidates that are no players, not in order, twice, or too many', () => {
    const coalitions = drawn(8, 'refused')
    const utilities = coalitions.map(() => 1)
    for (const wrong of [[8], [1, 0], [2, 2], [-1], [0, 1, 2, 3, 4, 5, 6]])
      assert.throws(() => weightsOver(weightMatrix(8, coalitions), { utilities, candidates: wrong }), {
        code: 'candidates.players'
      })
  })
})

describe('players with a pooled effect', () => {
  it('are found: whose rows move all answers alike, by form or labels that no word shows', () => {
    const coalitions = drawn(40, 'pooled')
    const matrix = weightMatrix(40, coalitions)
    const pooled = (worth: ReadonlyMap<number, number>): number[] =>
      pooledOver(matrix, utilitiesOf(coalitions, worth, { noise: 150, base: 1000 }))
    assert.deepEqual(pooled(new Map([[11, 3000]])), [11])
    assert.deepEqual(
      pooled(
        new Map([
          [11, 3000],
          [29, 2500]
        ])
      ),
      [11, 29]
    )
  })

  it('are few by chance: noise alone seldom makes anybody one', () => {
    let found = 0
    for (let run = 0; run < 60; run++) {
      const coalitions = drawn(60, `noise ${run}`)
      found += pooledOver(
        weightMatrix(60, coalitions),
        utilitiesOf(coalitions, new Map(), { noise: 1000, base: 4000, seed: `noise ${run}` })
      ).length
    }
    assert.ok(found <= 6, String(found))
  })

  it('are all where every coalition is measured', () => {
    assert.deepEqual(
      pooledOver(weightMatrix(3, coalitionsOf(keccak('few'), 3, 8)), [0, 1, 2, 3, 4, 5, 6, 7]),
      [0, 1, 2]
    )
  })
})
