import { z } from 'zod'

// What a trainer says while it works: lines of its output that are JSON and tell of a step. All others are its own
// business; the last of them are shown where it fails.

/** Longer lines are cut. */
export const mostLine = 64 << 10
/** Of what it said last. */
const mostTail = 4096

const stepLine = z.object({
  step: z.int().min(1).max(10_000_000).optional(),
  /** As LLaMA-Factory's trainer_log.jsonl has it. */
  current_steps: z.int().min(1).max(10_000_000).optional(),
  loss: z.number(),
  lr: z.number().optional()
})

export interface Step {
  readonly step: number
  readonly loss: number
  readonly lr: number | undefined
}

/** A line that tells of a step. */
export function stepIn(line: string): Step | undefined {
  const text = line.trim()
  if (!text.startsWith('{') || text.length > mostLine) return undefined
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined // something else in braces
  }
  const parsed = stepLine.safeParse(json)
  if (!parsed.success) return undefined
  const step = parsed.data.step ?? parsed.data.current_steps
  return step === undefined ? undefined : { step, loss: parsed.data.loss, lr: parsed.data.lr }
}

/** Cuts an output into lines, and keeps its end. */
export function createLines(onLine: (line: string) => void): { push(text: string): void; tail(): string } {
  let rest = ''
  let tail = ''
  return {
    push(text) {
      tail = (tail + text).slice(-mostTail)
      rest += text
      const lines = rest.split('\n')
      rest = (lines.pop() ?? '').slice(0, mostLine)
      for (const line of lines) onLine(line)
    },
    tail: () => tail.trim().split('\n').slice(-3).join(' ').replaceAll(/\s+/g, ' ').slice(-400)
  }
}
