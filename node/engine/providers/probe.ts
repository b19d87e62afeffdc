import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { f16, f32, floats, Graph, providers, Session, type Feeds, type Provider } from '../graph/index.ts'
import { roundToFloat16 } from '../weights/half.ts'
import { gpuDeviceFile } from './hardware.ts'

/**
 * A program of its own, because a driver may take its process down: makes a session on the provider named by the first
 * argument, runs it, and prints a `ProbeAnswer` as the last line of standard output.
 */
export interface ProbeAnswer {
  readonly error?: string
  readonly half: boolean
  /** Vulkan drivers in this process's memory, by file. */
  readonly drivers: readonly string[]
  /** Device files of graphics processors that this process holds open. */
  readonly devices: readonly string[]
}

const [rows, width, columns] = [4, 64, 8]
const xs = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i))
const ws = Float32Array.from({ length: columns * width }, (_, i) => Math.cos(i))

/** One product, with its weight as float32 or float16; throws where it does not run or is wrong. */
async function product(provider: Provider, half: boolean): Promise<void> {
  const g = new Graph()
  const x = g.input('x', 'float32', [rows, width])
  const w = g.input('w', half ? 'float16' : 'float32', [columns, width])
  g.output('y', half ? g.halfMatmul(x, w, true) : g.matmul(x, w, { transB: true }))
  const feeds: Feeds = { x: f32(xs, [rows, width]) }
  const weight = half ? f16(roundToFloat16(ws), [columns, width]) : f32(ws, [columns, width])
  const session = await Session.create(g, { threads: 1, provider }, { w: weight })
  const y = floats((await session.run(feeds))['y'])
  await session.release()
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      let sum = 0
      for (let i = 0; i < width; i++) sum += (xs[r * width + i] ?? 0) * (ws[c * width + i] ?? 0)
      const off = Math.abs(sum - (y[r * columns + c] ?? NaN))
      if (!(off < (half ? 0.1 : 1e-3)))
        throw new TypeError(`a product came out wrong: ${y[r * columns + c]} for ${sum}`)
    }
  }
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function probe(provider: Provider): Promise<ProbeAnswer> {
  try {
    await product(provider, false)
  } catch (error) {
    return { error: message(error), half: false, ...opened() }
  }
  const half = await product(provider, true).then(
    () => true,
    () => false
  ) // no shader-f16 is no failure
  return { half, ...opened() }
}

/** What Linux knows of this process; elsewhere nothing. */
function opened(): { drivers: string[]; devices: string[] } {
  if (process.platform !== 'linux') return { drivers: [], devices: [] }
  const mapped = new Set(
    readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .map(line => line.slice(line.indexOf('/')))
  )
  const open = readdirSync('/proc/self/fd').map(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    } // the descriptor of this very listing
  })
  return {
    drivers: [...mapped].filter(file => /lib(vulkan_|vk_|GLX_nvidia|nvidia-vulkan)/.test(file)),
    devices: [...new Set(open)].filter(file => gpuDeviceFile.test(file))
  }
}

const wanted = providers.find(name => name === process.argv[2])
if (wanted !== undefined) process.stdout.write(`${JSON.stringify(await probe(wanted))}\n`)
