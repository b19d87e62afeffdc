// What llama.cpp (through node-llama-cpp) does on this machine with the file of make_gguf.py.
// Usage, in a scratch folder with `npm i node-llama-cpp`: node peer_decode.mjs FILE.gguf
// Prints one JSON line, the best of 1 and 2 threads for each figure (CPU): greedy decode tokens/s after a 64-token
// prompt, prefill tokens/s at 512 tokens, and tokens/s over 8 sequences decoded together.
// More threads are not always faster: on two shared cores one thread has decoded four times faster than two.
import { createRequire } from 'node:module'
const { getLlama } = await import(createRequire(process.cwd() + '/').resolve('node-llama-cpp'))
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' })
const model = await llama.loadModel({ modelPath: process.argv[2] })
const ids = n => Array.from({ length: n }, (_, i) => (i * 7) % 49152)
const rate = async (n, f) => {
  const t = performance.now()
  await f()
  return +(n / ((performance.now() - t) / 1000)).toFixed(1)
}
const take = async (seq, n) => {
  let k = 0
  for await (const _ of seq.evaluate([5], { temperature: 0 })) if (++k >= n) break
}
const best = { decode: [0, 0], prefill: [0, 0], batch8: [0, 0] }
const keep = (k, v, threads) => {
  if (v > best[k][0]) best[k] = [v, threads]
}
for (const threads of [1, 2]) {
  let ctx = await model.createContext({ contextSize: 2048, threads, batchSize: 512 })
  const seq = ctx.getSequence()
  await seq.evaluateWithoutGeneratingNewTokens(ids(64))
  keep('decode', await rate(128, () => take(seq, 128)), threads)
  await seq.clearHistory()
  await seq.evaluateWithoutGeneratingNewTokens(ids(512))
  await seq.clearHistory()
  keep('prefill', await rate(512, () => seq.evaluateWithoutGeneratingNewTokens(ids(512))), threads)
  await ctx.dispose()
  ctx = await model.createContext({ contextSize: 256, sequences: 8, threads, batchSize: 512 })
  const seqs = Array.from({ length: 8 }, () => ctx.getSequence())
  for (const s of seqs) await s.evaluateWithoutGeneratingNewTokens(ids(64))
  keep('batch8', await rate(8 * 48, () => Promise.all(seqs.map(s => take(s, 48)))), threads)
  await ctx.dispose()
}
console.log(
  JSON.stringify({
    peer: 'llama.cpp (node-llama-cpp)',
    decode_tokens_per_s: best.decode[0],
    prefill_tokens_per_s: best.prefill[0],
    batch8_tokens_per_s: best.batch8[0],
    threads: { decode: best.decode[1], prefill: best.prefill[1], batch8: best.batch8[1] }
  })
)
process.exit(0)
