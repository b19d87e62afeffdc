// The engine alone under the load of serving.ts, in a process of its own: the reference of its figures.
import { openEngine } from '../../../node/engine/index.ts'
import { load } from './load.ts'

export interface EngineLoad {
  readonly model: string
  readonly threads: number
  readonly quantize: 'none' | 'int8' | 'int4'
  readonly maxTokens: number
  readonly temperature: number
}

const options = JSON.parse(process.argv[2] ?? '{}') as EngineLoad
const engine = openEngine({ threads: options.threads, quantize: options.quantize })
await engine.open(options.model)

async function ask(content: string, seed: number, onFirst: () => void): Promise<number> {
  const generation = engine.generate({
    model: options.model,
    messages: [{ role: 'user', content }],
    settings: { maxTokens: options.maxTokens, temperature: options.temperature, seed }
  })
  let tokens = 0
  for await (const token of generation) {
    if (tokens++ === 0) onFirst()
    if (token.id < 0) break
  }
  await generation.result
  return tokens
}

process.on('message', ({ clients, answers }: { clients: number; answers: number }) => {
  void load(ask, clients, answers).then(figures => process.send?.(figures))
})
process.on('disconnect', () => {
  void engine.close().then(() => process.exit())
})
process.send?.('ready')
