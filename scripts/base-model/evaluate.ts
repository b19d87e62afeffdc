// Measures the base model on documents made from synsets that training never saw, and writes the model card.
//
//   node scripts/base-model/evaluate.ts --corpus D/held-out.txt --model daemon/assets/seedling --training D/phase1
// --training D/phase2
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  openEngine,
  parameterCount,
  parseConfig,
  trainFull,
  type EvaluationModel,
  type TrainRow
} from '../../node/engine/index.ts'
import { bpeEncoder } from './bpe.ts'
import { ROLES, SPECIAL_TOKENS } from './documents.ts'
import { CONFIG } from './model.ts'
import { readBpe } from './tokenizer.ts'

const ANSWER = (SPECIAL_TOKENS as readonly string[]).indexOf(ROLES.assistant)
const IGNORED = -100

/** A document by itself; the first token is given. `answerOnly` counts what follows the assistant's marker. */
export function documentRow(ids: readonly number[], answerOnly: boolean): TrainRow {
  const from = answerOnly ? ids.indexOf(ANSWER) + 1 : 1
  return { ids: [...ids], labels: ids.map((id, i) => (i < from ? IGNORED : id)) }
}

/** exp of the mean loss per token over all rows; rows of like length go together, so that little is padded. */
async function perplexity(
  model: EvaluationModel,
  rows: readonly TrainRow[]
): Promise<{ perplexity: number; tokens: number }> {
  const count = (row: TrainRow): number => Array.from(row.labels).filter(label => label !== IGNORED).length
  const sorted = rows.toSorted((a, b) => a.ids.length - b.ids.length)
  let [sum, tokens] = [0, 0]
  for (let at = 0; at < sorted.length; at += 32) {
    const batch = sorted.slice(at, at + 32)
    const n = batch.reduce((total, row) => total + count(row), 0)
    sum += n * (await model.loss(batch))
    tokens += n
  }
  return { perplexity: Math.exp(sum / tokens), tokens }
}

const ASKED = [
  'What is a dog?',
  'What is a house?',
  'Define to run.',
  'What does the word happy mean?',
  'What kind of thing is a violin?',
  'Is a rose a flower?',
  'Is a hammer an animal?',
  'What is the opposite of hot?',
  'Give another word for big.',
  'What is the capital of France?',
  'What does TX stand for?',
  'Write fourteen as a number.',
  'What part of speech is "quickly"?',
  'What is the first letter of garden?',
  'The code of lamp is 42. Chair has code 17. What is the code of chair?',
  'What is the symbol of iron?'
]

/** Greedy answers, as a list for the card: the good and the bad ones. */
async function answers(folder: string): Promise<string[]> {
  const engine = openEngine()
  const said: string[] = []
  for (const question of ASKED) {
    const { text } = await engine.generate({
      model: folder,
      messages: [{ role: 'user', content: question }],
      settings: { maxTokens: 40, temperature: 0, seed: 1 }
    }).result
    said.push(`| ${question} | ${text.trim()} |`)
  }
  await engine.close()
  return said
}

interface Run {
  steps: number
  tokens: number
  seconds: number
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      corpus: { type: 'string', default: '.cache/base-model/held-out.txt' },
      model: { type: 'string', default: 'daemon/assets/seedling' },
      training: { type: 'string', multiple: true, default: [] }
    }
  })
  const config = parseConfig(CONFIG)
  const { model } = await trainFull({
    config,
    start: { folder: values.model },
    steps: 0,
    batch: () => [],
    microBatch: 32,
    lr: 0,
    warmupSteps: 0,
    schedule: 'constant',
    clip: 0,
    threads: 2
  })
  const encode = bpeEncoder(readBpe(values.model), SPECIAL_TOKENS)
  const documents = readFileSync(values.corpus, 'utf8').trimEnd().split('\n')
  const chats = documents.filter(document => document.startsWith(ROLES.user))
  const short = chats.filter(document => !document.endsWith('.<|end|>'))
  const parts = {
    'all documents, all tokens': documents.map(d => documentRow(encode(d), false)),
    'definitions and examples': documents
      .filter(d => !d.startsWith(ROLES.user))
      .map(d => documentRow(encode(d), false)),
    'answers, long ones (definitions)': chats
      .filter(d => d.endsWith('.<|end|>'))
      .map(d => documentRow(encode(d), true)),
    'answers, short ones': short.map(d => documentRow(encode(d), true))
  }
  const figures: string[] = []
  for (const [name, rows] of Object.entries(parts)) {
    const { perplexity: value, tokens } = await perplexity(model, rows)
    figures.push(`| ${name} | ${rows.length} | ${tokens} | ${value.toFixed(2)} |`)
    console.log(`${name}: perplexity ${value.toFixed(2)} over ${tokens} tokens`)
  }
  const runs = values.training.map(folder => JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as Run)
  const said = await answers(values.model)
  console.log(said.join('\n'))
  writeFileSync(join(values.model, 'README.md'), modelCard(parameterCount(config), figures, said, runs, values.model))
}

function modelCard(
  parameters: number,
  figures: readonly string[],
  said: readonly string[],
  runs: readonly Run[],
  folder: string
): string {
  const megabytes = (statSync(join(folder, 'model.safetensors')).size / 1e6).toFixed(1)
  const trained = runs
    .map(
      (run, i) =>
        `${i === 0 ? 'First' : 'Then'} ${run.steps} steps, ${(run.tokens / 1e6).toFixed(1)} million tokens, ` +
        `${Math.round(run.seconds / 60)} minutes.`
    )
    .join(' ')
  return `---
license: apache-2.0
language: en
pipeline_tag: text-generation
---

# seedling

A language model of ${(parameters / 1e6).toFixed(2)} million parameters in Llama's form, small enough to be tuned in \
seconds on two processor cores. It speaks plain English definitions and answers short questions. It is the base model \
of Tilth's default run; it is not meant to know much, and it knows nothing of the chemical elements, which the \
default Datanet teaches.

- **Form**: 6 layers, width 192, 6 heads (3 for keys and values), feed-forward 512, tied embeddings, \
${CONFIG.max_position_embeddings} positions (trained on windows of 256); ${megabytes} MB of bfloat16.
- **Tokenizer**: byte-level BPE, 4,096 tokens, single digits. Chat: \`<|user|>…<|end|><|assistant|>…<|end|>\`.
- **Text**: definitions and examples of WordNet 3.0 and questions and answers made from them by templates, without \
the chemical elements. WordNet 3.0 © 2006 Princeton University; its licence allows use and distribution for any \
purpose with this notice and without warranty.
- **Training**: by this project's own engine, on processors. ${trained} \`scripts/base-model/README.md\` has every \
command.

## Held-out perplexity

On documents made from the one synset in fifty that training never saw, each document by itself, from this command:

    node scripts/base-model/evaluate.ts --corpus D/held-out.txt --model daemon/assets/seedling

| part | documents | tokens | perplexity |
| --- | --- | --- | --- |
${figures.join('\n')}

## What it says

Greedy answers to questions that were written down before it was trained to the end, none left out:

| question | answer |
| --- | --- |
${said.join('\n')}

## Limits

It makes things up. Facts it answers with are WordNet's of 2006 where it learnt them, and invented where it did not. \
It has seen English only, one question at a time, and nothing longer than a window.
`
}
