import '../without-telemetry.ts'
import * as ort from 'onnxruntime-node'
import { cpus, totalmem } from 'node:os'
import {
  locateTensors,
  parameterCount,
  projectionWeights,
  readConfig,
  type ModelConfig
} from '../architecture/index.ts'
import type { MemoryEstimate, ModelNeeds } from '../types.ts'

export interface Inspection {
  readonly architecture: string
  readonly parameters: number
  readonly config: ModelConfig
  readonly storedAs: string
  readonly memory: MemoryEstimate
  /** Whether this machine's memory is as much as that. */
  readonly fits: { readonly [K in keyof MemoryEstimate]: boolean }
  readonly machine: { readonly cores: number; readonly memory: number; readonly providers: readonly string[] }
}

/** What a model folder holds, and what it takes to use it. Reads headers, not weights. */
export function inspectModel(folder: string, sequence = 512, batch = 2): Inspection {
  const config = readConfig(folder)
  const tensors = locateTensors(folder, config)
  const memory = estimate(config, sequence, batch)
  // A container may be allowed less than the machine has.
  const installed = Math.min(totalmem(), process.constrainedMemory() || Infinity)
  const fits = (bytes: number): boolean => bytes <= installed
  return {
    architecture: config.architecture,
    parameters: parameterCount(config),
    config,
    storedAs: [...new Set([...tensors.values()].map(t => t.dtype))].join(', '),
    memory,
    fits: {
      serve: fits(memory.serve),
      serveInt4: fits(memory.serveInt4),
      tuneLora: fits(memory.tuneLora),
      tuneQlora: fits(memory.tuneQlora),
      tuneFull: fits(memory.tuneFull)
    },
    machine: {
      cores: cpus().length,
      memory: installed,
      providers: ort
        .listSupportedBackends()
        .filter(b => b.bundled)
        .map(b => b.name)
    }
  }
}

/** The same, as far as it is the model's. */
export function modelNeeds(folder: string): ModelNeeds {
  const { architecture, parameters, storedAs, memory, fits, config } = inspectModel(folder)
  const { layers, hidden, vocabulary, context } = config
  return { architecture, parameters, storedAs, memory, fits, layers, hidden, vocabulary, context }
}

function estimate(c: ModelConfig, sequence: number, batch: number): MemoryEstimate {
  const tokens = sequence * batch
  const all = 4 * parameterCount(c)
  const projected = 4 * projectionWeights(c)
  // Activations that the backward pass needs: the widths of a layer's products, and the attention probabilities.
  const perToken =
    4 *
    c.layers *
    (8 * c.hidden + 4 * c.intermediate + 3 * c.heads * c.headWidth + c.heads * Math.min(sequence, c.context))
  const activations = perToken * tokens + 8 * tokens * c.vocabulary
  const runtime = 150e6
  return {
    serve: 2 * all + runtime,
    serveInt4: all - projected + 0.625 * (projected / 4) + runtime,
    tuneLora: all + activations + runtime,
    tuneQlora: all - projected + 0.5625 * (projected / 4) + activations + runtime,
    // The weights in training, their gradients and two moments, beside the base that they are compared with.
    tuneFull: all + 4 * projected + activations + runtime
  }
}
