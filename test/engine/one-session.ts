// Tunes on the engine's own thread, which takes a session of ONNX Runtime: telemetry.test.ts looks at what it leaves.
import { openEngine } from '../../node/engine/index.ts'
import { elements, settings } from './fixture.ts'

const [, , model = '', output = ''] = process.argv
const engine = openEngine({ threads: 1 })
await engine.tune({ model, rows: elements, settings: { ...settings, epochs: 1 }, output })
await engine.close()
