import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkTrainers, trainerGround } from '../../../protocol/data/index.ts'
import type { TrainersRule } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

const who = (n: number): Address => `0x${keccak(`who ${n}`).slice(2, 42)}`
const names = fc.array(fc.nat(9), { maxLength: 4 }).map(list => list.map(who))

describe('data: who is given private rows for an award', () => {
  it('nobody whom neither a seat nor the rules speak for, however it pays and by however many accounts', () => {
    fc.assert(
      fc.property(names, names, names, fc.nat(19), fc.nat(19), (sitting, workers, builders, pays, works) => {
        const rules = { trainers: { workers, builders } }
        const parties = { builder: who(pays), worker: who(works) }
        const spoken = [...sitting, ...workers].includes(who(works)) || [...sitting, ...builders].includes(who(pays))
        assert.equal(trainerGround(rules, new Set(sitting), parties) !== undefined, spoken)
        // Strangers are told apart by nothing, so that another account of one is another stranger.
        const strangers = { builder: who(20 + pays), worker: who(40 + works) }
        assert.equal(trainerGround(rules, new Set(sitting), strangers), undefined)
      })
    )
    assert.equal(trainerGround({}, new Set([who(1)]), { builder: who(2), worker: who(3) }), undefined)
    assert.equal(
      trainerGround({ trainers: { anybody: true } }, new Set(), { builder: who(2), worker: who(3) }),
      'anybody'
    )
  })

  it('are named where rows are private, and never become anybody', () => {
    const net = (trainers: TrainersRule | undefined, isPrivate = true) => ({
      name: 'letters',
      ...(isPrivate ? { private: {} } : {}),
      ...(trainers === undefined ? {} : { trainers })
    })
    const named = { workers: [who(1)] }
    assert.doesNotThrow(() => checkTrainers(net(undefined, false)))
    assert.throws(() => checkTrainers(net(named, false)), { code: 'rules.trainers' })
    assert.doesNotThrow(() => checkTrainers(net({ anybody: true })), 'its founder may say so')
    for (const before of [{}, { trainers: named }])
      assert.throws(() => checkTrainers(net({ anybody: true }), before), { code: 'rules.trainers' })
    assert.doesNotThrow(() => checkTrainers(net(named), { trainers: { anybody: true } }), 'fewer may be asked for')
  })
})
