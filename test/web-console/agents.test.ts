import assert from 'node:assert/strict'
import fc from 'fast-check'
import { agentRequest } from '../../daemon/api/contract/agents.ts'
import { zeroHash } from '../../protocol/primitives/index.ts'
import { firstDraft, newStep, readDraft } from '../../web-console/models/agents/draft.ts'
import type { AgentDraft, StepDraft } from '../../web-console/models/agents/draft.ts'
import { awayText } from '../../web-console/models/agents/words.ts'

const model = `0x${'ab'.repeat(32)}`
const step = (change: Partial<StepDraft>, number = 1): StepDraft => ({ ...newStep(number), model, ...change })
const draft = (change: Partial<AgentDraft>): AgentDraft => ({
  ...firstDraft(),
  name: 'chemist',
  steps: [step({})],
  ...change
})

describe('an agent as it is typed', () => {
  it('is sent as the command line sends it', () => {
    const read = readDraft(
      draft({
        fee: '0,01',
        worker: '20',
        builder: '75',
        upstream: '5',
        upstreamModel: model,
        steps: [
          step({ name: 'kind', choices: 'metal, gas', maxTokens: '16' }),
          step({ name: 'metal', whenStep: 'kind', whenIs: 'metal', temperature: '0.5' }, 2),
          step({ name: 'gas', whenStep: 'kind', whenIs: 'gas', system: 'Briefly.' }, 3)
        ]
      })
    )
    assert.ok('body' in read)
    assert.ok(agentRequest.safeParse(read.body).success)
    assert.equal(read.body.fee, '10000000000000000')
    assert.deepEqual(read.body.split, { worker: 2000, builder: 7500, data: 0, upstream: 500 })
    assert.deepEqual(read.body.steps[1]?.when, { step: 'kind', is: ['metal'] })
  })

  it('is refused in words beside the field, or of the whole', () => {
    const faults = (change: Partial<AgentDraft>) => {
      const read = readDraft(draft(change))
      assert.ok('faults' in read)
      return read.faults
    }
    assert.match(faults({ name: ' ' }).fields.name ?? '', /needs a name/)
    assert.match(faults({ fee: 'much' }).fields.fee ?? '', /number of TILTH/)
    assert.match(faults({ worker: '50' }).fields.upstream ?? '', /Together these are 140 %/)
    assert.match(faults({ builder: '85', upstream: '5' }).fields.upstreamModel ?? '', /Choose the model/)
    assert.match(faults({ licence: '!' }).fields.licence ?? '', /SPDX/)
    const wrong = step({ name: 'No', model: '', prompt: '', maxTokens: '1.5', temperature: '9', whenStep: 'kind' })
    assert.deepEqual(Object.keys(faults({ steps: [wrong] }).steps[wrong.key] ?? {}), [
      'name',
      'model',
      'prompt',
      'maxTokens',
      'temperature',
      'whenIs'
    ])
    assert.match(faults({ steps: [step({ prompt: '{{later}}' })] }).whole?.says ?? '', /is nothing by then/)
    assert.match(
      faults({ steps: [step({ choices: 'yes, no', maxTokens: '16' })] }).whole?.says ?? '',
      /without an answer/
    )
  })

  it('is never sent where the daemon’s contract would refuse it', () => {
    const text = fc.string({
      maxLength: 12,
      unit: fc.constantFrom('{', '}', 'a', 'b', '1', ',', '.', '-', 'é', ' ', '{{input}}')
    })
    const steps = fc.array(
      fc.record({
        name: text,
        prompt: text,
        system: text,
        maxTokens: text,
        temperature: text,
        choices: text,
        whenStep: text,
        whenIs: text
      }),
      { minLength: 1, maxLength: 9 }
    )
    fc.assert(
      fc.property(steps, text, text, text, (made, name, fee, worker) => {
        const read = readDraft(draft({ name, fee, worker, steps: made.map((one, at) => step(one, at + 1)) }))
        if ('body' in read) assert.ok(agentRequest.safeParse(read.body).success)
      }),
      { numRuns: 300 }
    )
  })

  it('says why it cannot be asked now', () => {
    const agent = {
      id: model,
      name: 'chemist',
      builder: '0x12',
      manifest: 'bafy',
      split: { worker: 1000, builder: 9000, data: 0 },
      retired: false,
      offered: 0,
      price: null,
      fee: '5',
      steps: [
        { name: 'draft', model, prompt: 'x', maxTokens: 1, modelName: 'm', builder: '', datanet: zeroHash, offered: 1 }
      ]
    } as const
    const silent = { ...agent, steps: agent.steps.map(one => ({ ...one, offered: 0 })) }
    const of = (one: typeof agent | typeof silent, self?: string) =>
      awayText(one as unknown as Parameters<typeof awayText>[0], self)?.title
    assert.equal(of(silent), 'Nobody offers m, which the step draft asks.')
    assert.equal(of(agent), 'Nobody takes the fee of chemist now.')
    assert.equal(of(agent, '0x12'), undefined, 'its builder pays no fee to itself')
  })
})
