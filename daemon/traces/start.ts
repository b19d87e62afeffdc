import type { Node } from '../../node/node.ts'
import { systemClock } from '../../node/runtime/index.ts'
import type { Log } from '../../node/runtime/index.ts'
import { traceAnswers } from './answers.ts'
import type { AnswerTraces } from './answers.ts'
import { createExporter } from './exporter.ts'
import { tracesFrom } from './settings.ts'

/** Traces of answers, where the environment names a collector; undefined otherwise, and nothing is kept then. */
export function startTraces(
  node: Pick<Node, 'events' | 'payouts'>,
  { log, version }: { log: Log; version: string }
): { readonly answers: AnswerTraces; stop(): Promise<void> } | undefined {
  const settings = tracesFrom(process.env)
  if (settings === undefined) return undefined
  // Read once: it may hold a password, and children need none of it.
  for (const name of Object.keys(process.env)) if (/^OTEL_.*HEADERS$/.test(name)) delete process.env[name]
  const exporter = createExporter(settings, { clock: systemClock, log: log.child({ part: 'traces' }), version })
  const answers = traceAnswers(node, span => {
    exporter.add(span)
  })
  return {
    answers,
    async stop() {
      answers.stop()
      await exporter.stop()
    }
  }
}
