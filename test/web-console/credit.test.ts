import assert from 'node:assert/strict'
import { faultsOf, settingsOf, usualForm } from '../../web-console/models/chat/settings-form.ts'
import { stepsOf } from '../../web-console/models/credit/coalitions.ts'
import { creditsOf, partOf } from '../../web-console/models/credit/shares.ts'
import { attributionOf, everyPlayer, measureOf } from '../../protocol/payouts/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { keccak } from '../../protocol/primitives/index.ts'

const players: Hex[] = [`0x${'aa'.repeat(20)}`, `0x${'bb'.repeat(20)}`, `0x${'cc'.repeat(20)}`]
const coalitions = ['0', '1', '2', '3', '4', '5', '6', '7']
const utilities = [400, 8000, 500, 8100, 300, 7600, 450, 9000]
const measure = measureOf({ model: keccak('model'), players, coalitions, dataPoints: 6000 })
const attribution = attributionOf(measure, { utilities, candidates: everyPlayer(measure) })
const weights = Object.fromEntries(players.map((player, i) => [player, String(attribution.weights[i])]))

describe('what an answer owes to whom, as a page shows it', () => {
  it('is shares of the whole: the base model, and what each added; who made it worse has none', () => {
    const { credits, base, full, baseShare } = creditsOf({ players, coalitions, utilities, weights })
    assert.deepEqual([base, full], [0.04, 0.9])
    assert.deepEqual(credits[0]?.account, players[0])
    assert.equal(credits[0]?.without, 0.045)
    const sum = credits.reduce((total, { share }) => total + share, baseShare)
    assert.ok(Math.abs(sum - 1) < 1e-9)
    const worse = creditsOf({ players, coalitions, utilities, weights: { ...weights, [players[2] ?? '']: '-90000' } })
    const last = worse.credits.at(-1)
    assert.deepEqual([last?.account, last?.share, last?.ofData], [players[2], 0, 0])
  })

  it('leaves what nobody in particular has added to all others together', () => {
    const fewer = { ...weights, [players[0] ?? '']: '0' }
    const { credits, baseShare, othersShare } = creditsOf({ players, coalitions, utilities, weights: fewer })
    assert.ok(othersShare > 0.5)
    const sum = credits.reduce((total, { share }) => total + share, baseShare + othersShare)
    assert.ok(Math.abs(sum - 1) < 1e-9)
    assert.equal(creditsOf({ players, coalitions, utilities, weights }).othersShare, 0)
  })

  it('comes from steps whose weighed mean is the protocol’s weight', () => {
    for (const [player, account] of players.entries()) {
      const steps = stepsOf(player, players, coalitions, utilities)
      const mean = steps?.reduce((sum, { before, after, counts }) => sum + (after - before) * counts, 0) ?? 0
      assert.ok(Math.abs(mean * 1e6 - Number(weights[account])) < 1, account)
      assert.equal(steps?.length, 4)
    }
    // Where only some groups were measured there are no such steps.
    assert.equal(stepsOf(0, players, coalitions.slice(0, 7), utilities), undefined)
  })

  it('has a part of the money that never comes to more than there is', () => {
    assert.equal(partOf('1440000000000000', 0.5), 720_000_000_000_000n)
    assert.equal(partOf('1', 1 / 3), 0n)
    assert.equal(creditsOf({ players, coalitions, utilities: utilities.map(() => 0), weights: {} }).baseShare, 1)
  })
})

describe('how a model is asked', () => {
  it('says what is wrong beside the field, which then counts as usual', () => {
    const wrong = { ...usualForm, maxTokens: '0', temperature: 'hot', topP: '0', maxPrice: '-1' }
    assert.deepEqual(Object.keys(faultsOf(wrong)), ['maxTokens', 'temperature', 'topP', 'maxPrice'])
    assert.deepEqual(settingsOf(wrong), settingsOf(usualForm))
    const right = { ...usualForm, maxTokens: '64', temperature: '0.7', topP: '0.9', maxPrice: '0,02', isPrivate: true }
    assert.deepEqual(settingsOf(right), {
      system: '',
      maxTokens: 64,
      temperature: 0.7,
      topP: 0.9,
      isPrivate: true,
      maxPrice: '20000000000000000'
    })
  })
})
