import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { loadModel, parameterCount, parseConfig } from '../../node/engine/index.ts'
import { CONFIG } from '../../scripts/base-model/model.ts'
import { dataOrder, toRow } from '../../scripts/base-model/train.ts'
import { documentRow } from '../../scripts/base-model/evaluate.ts'

const folder = join(import.meta.dirname, '..', '..', 'daemon', 'assets', 'seedling')

describe('assets: the base model', () => {
  it('is a Hugging Face folder of at most 16 MB', () => {
    const names = readdirSync(folder)
    for (const name of [
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'README.md'
    ])
      assert.ok(names.includes(name), name)
    assert.ok(names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) <= 16e6)
  })

  it('is a Llama of 3 to 8 million parameters, as its script describes it', () => {
    const json = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>
    assert.equal(json['model_type'], 'llama')
    assert.deepEqual(json, JSON.parse(JSON.stringify(CONFIG)))
    const parameters = parameterCount(parseConfig(json))
    assert.ok(parameters >= 3e6 && parameters <= 8e6, String(parameters))
  })

  it('has finite weights that are not those it began with', () => {
    const { parameters } = loadModel(folder)
    for (const [name, { data, shape }] of parameters) {
      assert.ok(data.every(Number.isFinite), name)
      // Norm weights begin at exactly 1, matrices at a deviation of 0.02 or less.
      const spread = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length)
      assert.ok(
        shape.length === 1 ? data.some(x => x !== 1) : spread > 0.021 || name.includes('embed'),
        `${name} ${spread}`
      )
    }
  })

  it('states its held-out perplexity with the command that measures it', () => {
    const card = readFileSync(join(folder, 'README.md'), 'utf8')
    assert.match(card, /node scripts\/base-model\/evaluate\.ts/)
    const measured = /all documents, all tokens \| \d+ \| \d+ \| ([\d.]+) \|/.exec(card)
    assert.ok(measured !== null && Number(measured[1]) > 1 && Number(measured[1]) < 100)
    assert.match(card, /WordNet 3\.0 © 2006 Princeton University/)
  })
})

describe('base model: what a training step is given', () => {
  it('takes every window once in a pass, in an order that depends on the step alone', () => {
    const pick = dataOrder(10, 4, 1)
    const pass = [0, 1, 2, 3, 4].flatMap(pick)
    assert.deepEqual(
      pass.slice(0, 10).toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    )
    assert.deepEqual(
      pass.slice(10, 20).toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    )
    assert.deepEqual(dataOrder(10, 4, 1)(3), pick(3))
    assert.notDeepEqual(pass.slice(0, 10), pass.slice(10, 20))
  })

  it('does not ask for padding, nor for how the next document starts', () => {
    const row = toRow(Uint16Array.from([1, 50, 2, 4, 60, 2, 5, 61, 2, 0, 0]))
    assert.deepEqual(Array.from(row.ids), [1, 50, 2, 4, 60, 2, 5, 61, 2])
    assert.deepEqual(Array.from(row.labels), [-100, 50, 2, -100, 60, 2, 5, 61, 2])
  })

  it('measures an answer on what follows the assistant marker alone', () => {
    assert.deepEqual(documentRow([4, 60, 2, 5, 61, 2], true).labels, [-100, -100, -100, -100, 61, 2])
    assert.deepEqual(documentRow([4, 60, 2], false).labels, [-100, 60, 2])
  })
})
