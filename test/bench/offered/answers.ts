// What a process says to jobs that offered.ts gives it: forked with the instructions that it may use.
import { openEngine } from '../../../node/engine/index.ts'
import type { EngineOptions, GenerateJob } from '../../../node/engine/index.ts'

const engine = openEngine(JSON.parse(process.argv[2] ?? '{}') as EngineOptions)

process.on('message', (job: GenerateJob) => {
  void engine
    .generate(job)
    .result.then(({ ids }) => process.send?.({ ids }))
    .catch((error: unknown) => process.send?.({ error: String(error) }))
})
process.once('disconnect', () => void engine.close())
