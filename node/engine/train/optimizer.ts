export interface AdamSettings {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
}

export const adamDefaults: AdamSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }

/** One trained tensor with its moments and, where the iterates are averaged, the average. */
export interface Trained {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
  readonly first: Float32Array
  readonly second: Float32Array
  readonly average: Float32Array | undefined
  /** What was kept at the best evaluation so far, where training stops early. */
  readonly best: Float32Array | undefined
  /** Norm weights and biases are not decayed in full training. */
  readonly decays: boolean
}

export function trained(
  name: string,
  shape: readonly number[],
  data: Float32Array,
  options: { averaged: boolean; decays: boolean; keepsBest?: boolean | undefined }
): Trained {
  const zeros = () => new Float32Array(data.length)
  return {
    name,
    shape,
    data,
    first: zeros(),
    second: zeros(),
    average: options.averaged ? zeros() : undefined,
    best: options.keepsBest === true ? zeros() : undefined,
    decays: options.decays
  }
}

/**
 * One AdamW step in place (Loshchilov & Hutter 2019), in PyTorch's order of operations. `step` counts from 1;
 * `gradientScale` multiplies the gradient first (clipping).
 */
export function adamStep(
  p: Trained,
  gradient: Float32Array,
  s: AdamSettings,
  lr: number,
  step: number,
  gradientScale: number
): void {
  const { data, first, second } = p
  const { beta1, beta2, epsilon } = s
  const keep = 1 - lr * (p.decays ? s.weightDecay : 0)
  const size = lr / (1 - beta1 ** step)
  const correction = 1 / Math.sqrt(1 - beta2 ** step)
  const [rest1, rest2] = [1 - beta1, 1 - beta2]
  for (let i = 0; i < data.length; i++) {
    const g = (gradient[i] as number) * gradientScale
    const m = beta1 * (first[i] as number) + rest1 * g
    const v = beta2 * (second[i] as number) + rest2 * g * g
    first[i] = m
    second[i] = v
    data[i] = (data[i] as number) * keep - (size * m) / (Math.sqrt(v) * correction + epsilon)
  }
}

/**
 * Moves the average towards the current iterate. The decay is corrected so that after n steps the average is the
 * normalised Σ decay^(n−i) θ_i: the start has no weight in it.
 */
export function averageStep(p: Trained, decay: number, step: number): void {
  const { data, average } = p
  if (average === undefined) return
  const share = (1 - decay) / (1 - decay ** step)
  for (let i = 0; i < data.length; i++) {
    const a = average[i] as number
    average[i] = a + share * ((data[i] as number) - a)
  }
}

/** What is kept of a trained tensor: the average of the iterates, or the last one. */
export function kept(p: Trained): Float32Array {
  return p.average ?? p.data
}

export function squaredNorm(x: Float32Array): number {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += (x[i] as number) * (x[i] as number)
  return sum
}

/**
 * Factor that brings a global gradient norm down to `clip`; 1 where it is smaller, or clip is 0. As PyTorch's
 * clip_grad_norm_.
 */
export function clipFactor(norm: number, clip: number): number {
  return clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1
}
