import assert from 'node:assert/strict'
import type { DoingView, StageView } from '../../daemon/api/contract/index.ts'
import { eventNames } from '../../daemon/api/contract/index.ts'
import { flow, stageOfNews } from '../../protocol/flow.ts'
import type { Stage } from '../../protocol/flow.ts'
import { stageOfEvent } from '../../web-console/now/stage-of.ts'
import { leadOf, liveliest, titleOf } from '../../web-console/now/sentence.ts'
import { stageText, stageWords } from '../../web-console/now/stages.ts'

const names = (account: string): string => (account.endsWith('2') ? 'worker-2' : account)
const stages = (changes: Partial<Record<Stage, Partial<StageView>>>): StageView[] =>
  flow.map(({ stage }) => ({ stage, count: 0, active: 0, amount: null, ...changes[stage] }))

describe('what the first page says', () => {
  it('is who trains and how far, when a model learns', () => {
    const training: DoingView = {
      kind: 'training',
      job: `0x${'01'.repeat(32)}`,
      datanet: `0x${'02'.repeat(32)}`,
      worker: '0x2',
      lot: 'adapter',
      price: '5',
      progress: { step: 171, steps: 270, loss: 0.31, secondsLeft: 9, tokensPerSecond: 80 },
      loss: [4, 0.31]
    }
    const now = stages({ training: { active: 1 }, votes: { active: 3 } })
    assert.equal(liveliest(now), 'training')
    assert.equal(titleOf(now, [training], names), 'worker-2 is training, step 171 of 270')
    const three = stages({ training: { active: 3 } })
    assert.equal(
      titleOf(three, [{ ...training, lot: 'siblings', progress: null }, training], names),
      titleOf(now, [training], names)
    )
    assert.equal(titleOf(three, [], names), '3 trainings are under way')
    assert.equal(titleOf(now, [], names), 'A model is learning')
  })

  it('is what the network has come to, when it rests', () => {
    assert.equal(titleOf(stages({}), [], names), 'The network is up, and the ground is ready')
    assert.equal(titleOf(stages({ contribution: { count: 1 } }), [], names), '1 file has been given')
    assert.equal(liveliest(stages({ offer: { active: 4 } })), undefined, 'an offer that stands is no news')
    const paid = stages({
      registration: { count: 2 },
      receipt: { count: 30, amount: '160000000000000000' },
      claim: { count: 3, amount: '39840000000000000' }
    })
    assert.equal(titleOf(paid, [], names), '2 models have given 30 answers so far')
    assert.match(leadOf(paid), /paid 0\.16 TILTH\. Of it 0\.03984 went to the people/)
  })

  it('has words for every stage, and a place for every piece of news of the phases', () => {
    for (const { stage } of flow) assert.ok(stageWords[stage].says.endsWith('.'), stage)
    assert.equal(
      stageText({ stage: 'award', count: 3, active: 1, amount: '1398000000000000000' }),
      'In escrow: 3 awards, 1.398 TILTH, 1 under way now'
    )
    const ofPhases = eventNames.filter(name => /^(data|jobs|models|payouts)\./.test(name))
    for (const name of ofPhases) assert.ok(Object.hasOwn(stageOfNews, name), name)
    assert.equal(stageOfEvent({ name: 'payouts.claimed' }), 'claim')
    assert.equal(stageOfEvent({ name: 'node.peers' }), undefined)
  })
})
