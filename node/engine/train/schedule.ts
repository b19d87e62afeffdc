export interface Schedule {
  readonly kind: 'cosine' | 'constant' | 'linear'
  readonly lr: number
  readonly steps: number
  readonly warmup: number
  /** Fraction of lr that the schedule ends at. */
  readonly floor?: number
}

/** Learning rate of a step, which counts from 0. Linear warm-up, then the schedule down to floor · lr. */
export function learningRate(s: Schedule, step: number): number {
  if (step < s.warmup) return (s.lr * (step + 1)) / s.warmup
  const done = Math.min(1, (step - s.warmup) / Math.max(1, s.steps - s.warmup))
  const floor = s.floor ?? 0
  switch (s.kind) {
    case 'constant':
      return s.lr
    case 'linear':
      return s.lr * (floor + (1 - floor) * (1 - done))
    case 'cosine':
      return s.lr * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * done)))
  }
}
