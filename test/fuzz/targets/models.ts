import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { readAdapter } from '../../../node/engine/adapters/index.ts'
import { loadModel, parseConfig, readConfig } from '../../../node/engine/architecture/index.ts'
import { Chat } from '../../../node/engine/text/chat.ts'
import { Tokenizer } from '../../../node/engine/text/tokenizer.ts'
import { importGguf } from '../../../node/engine/gguf/index.ts'
import { restoreCheckpoint, saveCheckpoint } from '../../../node/engine/train/checkpoint.ts'
import { trained } from '../../../node/engine/train/optimizer.ts'
import { readAll } from '../../../node/engine/weights/index.ts'
import { vectors } from '../../engine/fixture.ts'
import { ggufBytes, llamaKeys, llamaTensors } from '../../engine/gguf/file.ts'
import { casesOf, target } from '../kit/target.ts'
import type { Target } from '../kit/target.ts'
import { wrongBytes } from '../kit/wrong-bytes.ts'
import { wrongJson } from '../kit/wrong-json.ts'
import { bytesOf } from './wire.ts'

// Folders of models and adapters that come from strangers, and checkpoints of trainings: their configs, headers,
// weights, tokenizers and templates with something wrong in them. The engine reads them in a thread or process of its
// own, so what takes long there holds nobody else.

const apartMs = 2_000
const base = join(vectors, 'llama-tied')
const adapter = join(base, 'adapter-end')
const jsonOf = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8')) as unknown

let folder = ''
const starting = (from: string, more: readonly string[] = []) => {
  return async (): Promise<() => Promise<void>> => {
    folder = mkdtempSync(join(tmpdir(), 'tilth-fuzz-'))
    mkdirSync(folder, { recursive: true })
    cpSync(from, folder, { recursive: true })
    for (const file of more) cpSync(join(vectors, 'tokenizer', file), join(folder, file))
    return async () => rmSync(folder, { recursive: true, force: true })
  }
}

/** One file of a folder is wrong. */
const inFolder = (
  name: string,
  file: string,
  cases: Target<Uint8Array>['cases'],
  begin: Target['begin'],
  read: () => unknown,
  weight = 10
): Target =>
  target({
    name,
    cases,
    ...(begin === undefined ? {} : { begin }),
    read(bytes: Uint8Array) {
      writeFileSync(join(folder, file), bytes)
      return read()
    },
    mostMs: apartMs,
    weight
  })

const wrongText = (value: unknown): Target<Uint8Array>['cases'] => {
  const good = fc.constant(value)
  return casesOf(
    good.map(bytesOf),
    fc.oneof(
      { arbitrary: wrongJson(good).map(bytesOf), weight: 4 },
      { arbitrary: wrongBytes(good.map(bytesOf)), weight: 1 }
    )
  )
}

/** A safetensors file whose header is another: rewritten with its length, or not. */
function wrongTensors(path: string): Target<Uint8Array>['cases'] {
  const whole = new Uint8Array(readFileSync(path))
  const length = Number(new DataView(whole.buffer).getBigUint64(0, true))
  const header: unknown = JSON.parse(new TextDecoder().decode(whole.subarray(8, 8 + length)))
  const weights = whole.subarray(8 + length)
  const rebuilt = (value: unknown): Uint8Array => {
    const text = bytesOf(value)
    const prefix = new Uint8Array(8)
    new DataView(prefix.buffer).setBigUint64(0, BigInt(text.length), true)
    return new Uint8Array(Buffer.concat([prefix, text, weights]))
  }
  return casesOf(
    fc.constant(whole),
    fc.oneof(
      { arbitrary: wrongJson(fc.constant(header)).map(rebuilt), weight: 3 },
      // Mostly what stands before the weights.
      {
        arbitrary: wrongBytes(fc.constant(whole.subarray(0, 8 + length))).map(
          head => new Uint8Array(Buffer.concat([head, weights]))
        ),
        weight: 2
      }
    )
  )
}

const config = readConfig(base)
const parameters = () => [
  trained('w', [2, 3], new Float32Array(6), { averaged: true, decays: true }),
  trained('b', [3], new Float32Array(3), { averaged: true, decays: false })
]
const state = {
  step: 2,
  losses: [2, 1],
  seconds: 3,
  tokens: 40,
  members: { losses: [[2, 1]], tokens: [40], evaluations: [[{ step: 1, loss: 2 }]] }
}
/** A checkpoint as it was saved. */
const checkpoint = ((): string => {
  const made = mkdtempSync(join(tmpdir(), 'tilth-fuzz-'))
  process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  const file = join(made, 'checkpoint.safetensors')
  saveCheckpoint(file, 'a run', parameters(), state)
  return file
})()
/** What a checkpoint says of its run, wrong in its values. */
const wrongState = wrongJson(fc.constant(state)).map(value => {
  const whole = new Uint8Array(readFileSync(checkpoint))
  const length = Number(new DataView(whole.buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(whole.subarray(8, 8 + length))) as Record<string, object>
  const text = bytesOf({ ...header, __metadata__: { identity: 'a run', state: JSON.stringify(value) ?? '' } })
  const prefix = new Uint8Array(8)
  new DataView(prefix.buffer).setBigUint64(0, BigInt(text.length), true)
  return { isGood: false, input: new Uint8Array(Buffer.concat([prefix, text, whole.subarray(8 + length)])) }
})
const nowhere = async (): Promise<() => Promise<void>> => {
  folder = mkdtempSync(join(tmpdir(), 'tilth-fuzz-'))
  return async () => rmSync(folder, { recursive: true, force: true })
}
const restored = (): unknown => restoreCheckpoint(join(folder, 'checkpoint'), 'a run', parameters())

/** A GGUF file, mostly with something wrong before its weights: counts, keys, texts, shapes and offsets. */
const gguf = new Uint8Array(ggufBytes({ keys: llamaKeys(), tensors: llamaTensors() }))
const ggufHead = gguf.subarray(0, Math.min(gguf.length, 6_000))
const wrongGguf = wrongBytes(fc.constant(ggufHead)).map(
  head => new Uint8Array(Buffer.concat([head, gguf.subarray(ggufHead.length)]))
)
function imported(): unknown {
  const output = join(folder, 'model')
  rmSync(output, { recursive: true, force: true })
  return importGguf({ file: join(folder, 'file.gguf'), output })
}

const tokenizerFiles = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja']
/** Read, and not run: what templates and tokenizers do is ended by the process that they run in. */
const opened = (): unknown => new Chat(Tokenizer.load(folder), [1])
const template = new Uint8Array(readFileSync(join(vectors, 'tokenizer', 'chat_template.jinja')))

export const modelTargets: readonly Target[] = [
  target({
    name: "a model's config",
    cases: wrongJson(fc.constant(jsonOf(join(base, 'config.json')))).map(input => ({ isGood: false, input })),
    read: (value: unknown) => parseConfig(value),
    mostMs: apartMs
  }),
  inFolder("a model's config.json", 'config.json', wrongText(jsonOf(join(base, 'config.json'))), starting(base), () =>
    readConfig(folder)
  ),
  inFolder(
    "a model's weights",
    'model.safetensors',
    wrongTensors(join(base, 'model.safetensors')),
    starting(base),
    () => loadModel(folder),
    40
  ),
  inFolder('safetensors', 'any.safetensors', wrongTensors(join(adapter, 'adapter_model.safetensors')), nowhere, () =>
    readAll(join(folder, 'any.safetensors'))
  ),
  inFolder(
    "an adapter's config",
    'adapter_config.json',
    wrongText(jsonOf(join(adapter, 'adapter_config.json'))),
    starting(adapter),
    () => readAdapter(folder, config)
  ),
  inFolder(
    "an adapter's weights",
    'adapter_model.safetensors',
    wrongTensors(join(adapter, 'adapter_model.safetensors')),
    starting(adapter),
    () => readAdapter(folder, config)
  ),
  inFolder('a GGUF file', 'file.gguf', casesOf(fc.constant(gguf), wrongGguf), nowhere, imported, 40),
  inFolder('a checkpoint', 'checkpoint', wrongTensors(checkpoint), nowhere, restored),
  inFolder("a checkpoint's state", 'checkpoint', wrongState, nowhere, restored),
  inFolder(
    'tokenizer.json',
    'tokenizer.json',
    wrongText(jsonOf(join(vectors, 'tokenizer', 'tokenizer.json'))),
    starting(base, tokenizerFiles),
    opened,
    80
  ),
  inFolder(
    'tokenizer_config.json',
    'tokenizer_config.json',
    wrongText(jsonOf(join(vectors, 'tokenizer', 'tokenizer_config.json'))),
    starting(base, tokenizerFiles),
    opened,
    60
  ),
  inFolder(
    'a chat template',
    'chat_template.jinja',
    casesOf(fc.constant(template), wrongBytes(fc.constant(template))),
    starting(base, tokenizerFiles),
    opened,
    60
  )
]
