import { TilthError, InvalidError } from '../../../protocol/primitives/errors.ts'

/** A graph that breaks its own rules: always a mistake in this program, never in its input. */
export class GraphError extends TilthError {
  constructor(message: string, details: Record<string, unknown> = {}) {
    super('engine-graph', message, { consequence: 'fatal', help: 'This is a defect; please report it.', details })
  }
}

/** A model folder, adapter or request that the engine cannot use. The message names the file, tensor or key. */
export class ModelError extends InvalidError {}

/** The caller asked to stop. */
export class CancelledError extends TilthError {
  constructor(message: string) {
    super('engine-cancelled', message, { consequence: 'ignore' })
  }
}
