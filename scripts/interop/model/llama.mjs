// What llama.cpp says of texts and tokens, through node-llama-cpp: run where that is installed.
// Usage: node llama.mjs < JSON {model, lora?, cases: [{text, ids, given}]}; prints JSON, one entry a case: the tokens of
// the text, and after each token from the last given one on, the likeliest next one and the log-probability of the one
// that really follows.
import { getLlama } from 'node-llama-cpp'

let input = ''
for await (const part of process.stdin) input += part
const { model: modelPath, lora, cases } = JSON.parse(input)
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' })
const model = await llama.loadModel({ modelPath })
const context = await model.createContext({
  contextSize: 1024,
  threads: 2,
  ...(lora === undefined ? {} : { lora: { adapters: [{ filePath: lora }] } })
})
const sequence = context.getSequence()
const options = { temperature: 1, topK: 0, topP: 1, minP: 0 }
const found = []
for (const { text, ids, given } of cases) {
  await sequence.clearHistory()
  const asked = ids.map((id, at) =>
    at < given - 1 || at === ids.length - 1 ? id : [id, { generateNext: { probabilities: true, options } }]
  )
  const said = await sequence.controlledEvaluate(asked)
  const steps = []
  for (let at = given - 1; at < ids.length - 1; at++) {
    const { probabilities } = said[at].next
    const [top] = probabilities.keys()
    steps.push({ top, logprob: Math.log(probabilities.get(ids[at + 1]) ?? 0) })
  }
  found.push({ tokens: [...model.tokenize(text, true)], steps })
}
console.log(JSON.stringify(found))
process.exit(0)
