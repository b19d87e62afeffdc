import { Graph, Session } from '../../../node/engine/graph/index.ts'
import { provider } from '../provider.ts'

// Required before the cases run (webgpu.test.ts). WebGPU's device goes with the last session that is on it, and with it
// every program that was compiled for it, which is most of what cases cost in software: one session stays.

const graph = new Graph()
graph.output('y', graph.mul(graph.input('x', 'float32', [4]), graph.scalar(2)))
export const held = await Session.create(graph, { threads: 1, provider })
